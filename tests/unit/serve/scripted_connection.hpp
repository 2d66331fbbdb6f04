// Scripted: a LineConnection that does what a test says, and records what it is told; and a server of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reactord/line_connection.hpp"
#include "support/server_stage.hpp"

namespace test {

class Scripted final : public reactord::LineConnection {
 public:
  struct Script {
    std::function<void(Scripted&, reactord::Reply&)> open = [](Scripted&, reactord::Reply&) {};
    std::function<void(Scripted&, std::string_view, reactord::Reply&)> line =
        [](Scripted&, std::string_view text, reactord::Reply& reply) { reply.write("got ", text, "\n"); };
    std::function<void(Scripted&, reactord::EndCause)> end = [](Scripted&, reactord::EndCause) {};
    std::vector<Scripted*> live;
    std::vector<std::string> ends;
  };
  explicit Scripted(Script& script) : script_(script) { script_.live.push_back(this); }
  ~Scripted() override { std::erase(script_.live, this); }
  std::size_t lines = 0;

 private:
  void on_open(reactord::Reply& reply) override { script_.open(*this, reply); }
  void on_line(std::string_view line, reactord::Reply& reply) override {
    ++lines;
    script_.line(*this, line, reply);
  }
  void on_end(reactord::EndCause cause) noexcept override {
    script_.ends.emplace_back(to_string(cause));
    script_.end(*this, cause);
  }
  Script& script_;
};

struct ScriptedServer : ServerStage {
  explicit ScriptedServer(const reactord::Limits& within = {}) : ServerStage(within) {}
  Scripted::Script script;
  reactord::LineConnectionFactory factory{[this] { return std::make_unique<Scripted>(script); }};
  reactord::Conn connect() { return serve(factory); }
  // The connections that are open, in the order of their accept.
  Scripted& connection(std::size_t index) { return *script.live.at(index); }
};

}  // namespace test

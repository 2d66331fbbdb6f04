// handlers: a server whose lines are answered by one kind of handler, for tests/bench/measure. It prints its port, and
// ends when a client sends "end".
//
//     handlers plain          a LineHandler: what the others are compared with
//     handlers remembering    a LineConnection that counts its lines
//     handlers later          an AsyncLineHandler whose answers are ready at once
//     handlers broadcast      a LineConnection that also says each line to all others, by Group
#include <cstdio>
#include <memory>
#include <string_view>

#include "reactord/async_line_handler.hpp"
#include "reactord/group.hpp"
#include "reactord/server.hpp"

using reactord::Answer;
using reactord::AnyHandler;
using reactord::AsyncLineHandler;
using reactord::Context;
using reactord::Group;
using reactord::LineConnection;
using reactord::LineConnectionFactory;
using reactord::LineHandler;
using reactord::Membership;
using reactord::Reply;
using reactord::Server;
using reactord::Task;

namespace {

Server* running = nullptr;

bool ends(std::string_view line) {
  if (line != "end") return false;
  running->kill();
  return true;
}

class Plain final : public LineHandler {
  void on_line(std::string_view line, Reply& reply) override {
    if (!ends(line)) reply.write("Server: ", line, "\n");
  }
};

class Remembering final : public LineConnection {
  void on_line(std::string_view line, Reply& reply) override {
    ++lines_;
    if (!ends(line)) reply.write("Server: ", line, "\n");
  }
  std::size_t lines_ = 0;
};

class Later final : public AsyncLineHandler {
  Task<> on_line(std::string_view line, Answer& answer, Context&) override {
    if (!ends(line)) answer.write("Server: ", line, "\n");
    co_return;
  }
};

class Speaker final : public LineConnection {
 public:
  explicit Speaker(Group& all) : all_(all) { here_.join(all_); }

 private:
  void on_line(std::string_view line, Reply& reply) override {
    if (ends(line)) return;
    all_.broadcast_except(*this, line, "\n");
    reply.write("Server: ", line, "\n");
  }
  Group& all_;
  Membership here_{*this};
};

int serve(AnyHandler handler) {
  reactord::Reactor reactor;
  Server server(reactor);
  running = &server;
  auto address = server.listen("127.0.0.1:0", handler);
  if (!address) {
    std::fprintf(stderr, "%s\n", address.error().text().c_str());
    return 1;
  }
  std::printf("%u\n", unsigned{address->port()});
  std::fflush(stdout);
  return reactor.run() ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view kind = count == 2 ? arguments[1] : "";
  Plain plain;
  Later later;
  LineConnectionFactory remembering([] { return std::make_unique<Remembering>(); });
  Group all;
  LineConnectionFactory speakers([&all] { return std::make_unique<Speaker>(all); });
  if (kind == "plain") return serve(plain);
  if (kind == "remembering") return serve(remembering);
  if (kind == "later") return serve(later);
  if (kind == "broadcast") return serve(speakers);
  std::fprintf(stderr, "handlers: plain, remembering, later or broadcast\n");
  return 64;
}

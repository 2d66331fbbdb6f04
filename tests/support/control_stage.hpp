// ControlStage: a ServerStage whose clients an operator looks at, through a control socket that another server serves.
//
//     Client ---- buffered_pipe ---> Server <--- ControlHost --- ControlHandler <--- Server <--- buffered_pipe ---- operator
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/control_handler.hpp"
#include "load/result/json.hpp"
#include "support/fake_control_host.hpp"
#include "support/server_stage.hpp"

namespace test {

struct ControlStage : ServerStage {
  using Tables = std::vector<std::span<const reactord::ControlCommand>>;

  explicit ControlStage(Tables tables = {reactord::connection_commands()},
                        const reactord::Limits& limits = {}, const reactord::Limits& control_limits = {})
      : ServerStage(limits),
        control(reactor, {.limits = control_limits}),
        dialogue(host, std::move(tables)) {}

  // A new operator, at the other end of a pipe from the control socket.
  reactord::Conn connect() {
    auto pair = reactord::buffered_pipe(reactor);
    control.serve(std::move(pair.first), dialogue, "control");
    return std::move(pair.second);
  }

  reactord::Server control;
  FakeControlHost host{server};
  reactord::ControlHandler dialogue;

 protected:
  void check_end() override {
    ServerStage::check_end();
    CHECK(control.open_connections() == 0);
    CHECK(control.check());
  }
};

inline bool ends_answer(std::string_view line) { return line == "OK" || line.starts_with("ERR "); }

// The lines of an answer, up to its last one.
inline reactord::Task<std::string> hear_answer(reactord::LineReader& lines) {
  std::string answer;
  while (true) {
    auto line = co_await lines.read_line();
    if (!line) co_return answer + "[" + line.error().text() + "]";
    answer += std::string(*line) + '\n';
    if (ends_answer(*line)) co_return answer;
  }
}

// Sends a request, and gives the whole answer. The operator must not have asked for anything else.
inline reactord::Task<std::string> ask(reactord::Conn& conn, std::string request) {
  request += '\n';
  auto sent = co_await conn.write(request);
  CHECK(sent.has_value());
  reactord::LineReader lines(conn);
  auto answer = co_await hear_answer(lines);
  co_return answer;
}

// The JSON in an answer that ends well.
inline reactord::load::JsonValue json_of(std::string_view answer) {
  REQUIRE(answer.ends_with("OK\n"));
  answer.remove_suffix(3);
  auto value = reactord::load::read_json(answer);
  REQUIRE_MESSAGE(value.has_value(), answer);
  return std::move(*value);
}

}  // namespace test

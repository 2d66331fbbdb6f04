// The table of protocols, and what each of them answers.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "protocols/table.hpp"
#include "reactord/pipe.hpp"
#include "reactord/server.hpp"
#include "support/loopback.hpp"

using reactord::Buffer;
using reactord::BufferPool;
using reactord::Conn;
using reactord::Handler;
using reactord::LineHandler;
using reactord::Protocol;
using reactord::Reply;
using reactord::StreamHandler;
using reactord::Task;
using namespace std::string_view_literals;
using namespace std::chrono_literals;

namespace {

// Null when there is none of that name.
const Protocol* find_protocol(std::string_view name) {
  static const std::vector<Protocol> table = reactord::protocols();
  const auto found = std::ranges::find(table, name, &Protocol::name);
  return found == table.end() ? nullptr : &*found;
}

std::string answer(std::string_view line) {
  const Handler handler = find_protocol("line")->handler();
  REQUIRE(handler.lines() != nullptr);
  BufferPool pool;
  Buffer output;
  Reply reply(pool, output);
  handler.lines()->on_line(line, reply);
  CHECK_FALSE(reply.is_closed());
  return std::string(output.view());
}

Task<> serve_echo(Conn conn) {
  const Handler handler = find_protocol("echo")->handler();
  reactord::Context context(conn.reactor());
  Task<> serving = handler.stream()->serve(conn, context);
  co_await std::move(serving);
}

}  // namespace

TEST_CASE("the table names each protocol once, with a summary and a handler") {
  const std::vector<Protocol> table = reactord::protocols();
  for (const Protocol& protocol : table) {
    CAPTURE(protocol.name);
    CHECK_FALSE(protocol.summary.empty());
    CHECK(std::ranges::count(table, protocol.name, &Protocol::name) == 1);
    CHECK(protocol.handler() == protocol.handler());  // one object for all connections
  }
  CHECK(table.front().name == "line");
  CHECK(find_protocol("echo") != nullptr);
  CHECK(find_protocol("") == nullptr);
  CHECK(find_protocol("Line") == nullptr);
}

TEST_CASE("line answers each line, trimmed of ASCII space, and skips blank ones") {
  CHECK(answer("hello") == "Server: hello\n");
  CHECK(answer(" \t hello  world \v\f\r") == "Server: hello  world\n");
  CHECK(answer("") == "");
  CHECK(answer(" \t\r\v\f") == "");
  CHECK(answer("a\rb") == "Server: a\rb\n");
  CHECK(answer("a\0b"sv) == "Server: a\0b\n"sv);
  CHECK(answer("\xc2\xa0x\xc2\xa0") == "Server: \xc2\xa0x\xc2\xa0\n");
  CHECK(answer("\xff\x85") == "Server: \xff\x85\n");
}

namespace {

// A protocol of the table behind a Server, with a client at the other end of a pipe: no port, no kernel.
struct ProtocolStage : test::Stage {
  ProtocolStage(const char* protocol, reactord::ConnPair (*make)(reactord::Reactor&)) : ends(make(reactor)) {
    const Handler handler = find_protocol(protocol)->handler();
    server.serve(std::move(ends.second), handler);
  }
  reactord::Server server{reactor};
  reactord::ConnPair ends;
  Conn& client = ends.first;
};

Task<> send(Conn& client, std::string request) {
  auto sent = co_await client.write(request);
  CHECK(sent.has_value());
  CHECK(client.close_write().has_value());
}

Task<> ask(ProtocolStage& stage, std::string request, std::string expected) {
  stage.reactor.spawn(send(stage.client, request));
  Buffer answer;
  bool more = true;
  while (more) {
    auto count = co_await stage.client.read(answer);
    more = count.has_value();
    if (!more) CHECK(count.error().is_eof());
  }
  CHECK(answer.view() == expected);
}

}  // namespace

TEST_CASE("both protocols answer over a pipe, without a port") {
  for (auto* make : {reactord::buffered_pipe, reactord::pipe}) {
    ProtocolStage line("line", make);
    test::run(line.reactor,
              ask(line, "hello\n\n  \r\n two \r\nlast", "Server: hello\nServer: two\nServer: last\n"));
    CHECK(line.server.ended(reactord::EndCause::eof) == 1);
    CHECK(line.server.open_connections() == 0);
    ProtocolStage echo("echo", make);
    const std::string bytes(300'000, 'e');
    test::run(echo.reactor, ask(echo, bytes, bytes));
    CHECK(echo.server.ended(reactord::EndCause::eof) == 1);
  }
}

TEST_CASE("a line protocol over a pipe waits for a client that does not read, and loses nothing") {
  for (auto* make : {reactord::buffered_pipe, reactord::pipe}) {
    ProtocolStage stage("line", make);
    std::string request, expected;
    for (int line = 0; line < 50'000; ++line) {
      request += std::to_string(line) + '\n';
      expected += "Server: " + std::to_string(line) + '\n';
    }
    test::run(stage.reactor, ask(stage, request, expected));
    CHECK(stage.server.ended(reactord::EndCause::eof) == 1);
  }
}

TEST_CASE("a drained server ends a connection over a pipe, and an idle one is closed") {
  for (auto* make : {reactord::buffered_pipe, reactord::pipe}) {
    static constexpr auto wait = [](ProtocolStage& on) -> Task<> {
      Buffer answer;
      auto end = co_await on.client.read(answer);
      CHECK(end.error().is_eof());
    };
    for (const char* protocol : {"line", "echo"}) {
      ProtocolStage drained(protocol, make);
      drained.server.drain(1s);
      test::run(drained.reactor, wait(drained));
      CHECK(drained.server.ended(reactord::EndCause::drained) == 1);
      ProtocolStage idle(protocol, make);
      test::run(idle.reactor, wait(idle));
      CHECK(idle.server.ended(reactord::EndCause::idle) == 1);
    }
  }
}

TEST_CASE("echo gives every byte back as it came, to the end") {
  test::over_each_transport([](test::ConnStage& scene) -> Task<> {
    std::string bytes(300'000, '\0');
    for (std::size_t index = 0; index < bytes.size(); ++index) bytes[index] = static_cast<char>(index * 7);
    scene.reactor.spawn(serve_echo(std::move(scene.conn)));
    std::string back;
    for (std::string_view left = bytes; !scene.peer.at_end(); co_await scene.reactor.next_turn()) {
      const bool had_some = !left.empty();
      if (had_some) left.remove_prefix(scene.peer.send(left));
      if (had_some && left.empty()) scene.peer.finish();
      back += scene.peer.receive();
    }
    CHECK(scene.peer.error() == 0);
    CHECK(back == bytes);
  });
}

// Lines that are longer than they may be: closed, cut or left out, wherever the packets are cut.
#include "support/server_stage.hpp"

using reactord::EndCause;
using reactord::Limits;
using reactord::LongLine;
using reactord::Task;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

Limits short_lines(LongLine then) {
  Limits limits;
  limits.max_line = 16;
  limits.long_lines = then;
  return limits;
}

constexpr std::string_view error = "ERR line too long (max 16)\n";

// Says `text` in two pieces, cut at `cut`, then FIN; hears all there is.
Task<> converse(ServerStage& on, std::string_view text, std::size_t cut, std::string& heard) {
  auto client = on.client();
  co_await test::say(client, text.substr(0, cut));
  co_await test::pass(on.reactor, 1ms);
  auto sent = co_await client.write(text.substr(cut));
  auto finished = client.close_write();
  heard = co_await test::hear_to_end(client);
}

void check_every_cut(LongLine then, std::string_view text, const std::string& expected, const char* cause) {
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    CAPTURE(cut);
    ServerStage stage(short_lines(then));
    std::string heard;
    stage.run(converse(stage, text, cut, heard));
    CHECK(heard == expected);
    CHECK(stage.observer.causes() == std::vector<std::string>{cause});
  }
}

const std::string cut = "got 123456789012345\n";

}  // namespace

TEST_CASE("too long a line is answered and ends the connection, wherever it is cut") {
  check_every_cut(LongLine::close, "one\n1234567890123456\ntwo\n", "got one\n" + std::string(error),
                  "line-too-long");
}

TEST_CASE("too long a line is truncated, and the next one is whole, wherever they are cut") {
  check_every_cut(LongLine::truncate, "one\n1234567890123456789\r\ntwo\r\nthree\n",
                  "got one\n" + cut + "got two\ngot three\n", "eof");
  check_every_cut(LongLine::truncate, "1234567890123456\n1234567890123456\n", cut + cut, "eof");
  check_every_cut(LongLine::truncate, "123456789012345678", cut, "eof");
}

TEST_CASE("too long a line is left out, answered with an error in its place, wherever it is cut") {
  const std::string left_out(error);
  check_every_cut(LongLine::discard, "one\n1234567890123456789\r\ntwo\r\nthree\n",
                  "got one\n" + left_out + "got two\ngot three\n", "eof");
  check_every_cut(LongLine::discard, "1234567890123456\n1234567890123456\n", left_out + left_out, "eof");
  check_every_cut(LongLine::discard, "123456789012345678", left_out, "eof");
}

TEST_CASE("a line that just fits is whole in every mode, its carriage return counted") {
  for (const LongLine then : {LongLine::close, LongLine::truncate, LongLine::discard}) {
    check_every_cut(then, "123456789012345\n12345678901234\r\n", cut + "got 12345678901234\n", "eof");
  }
}

TEST_CASE("each line that is cut or left out is reported") {
  for (const LongLine then : {LongLine::truncate, LongLine::discard}) {
    ServerStage stage(short_lines(then));
    std::string heard;
    stage.run(converse(stage, "1234567890123456\nok\n1234567890123456\n", 5, heard));
    const std::string report = then == LongLine::truncate ? "max-line truncated" : "max-line discarded";
    CHECK(stage.observer.limits_met() == std::vector<std::string>{report, report});
  }
}

TEST_CASE("a line without end costs no more memory than one that fits, and is answered once") {
  for (const LongLine then : {LongLine::truncate, LongLine::discard}) {
    Limits limits;
    limits.max_line = 8 * 1024;
    limits.long_lines = then;
    ServerStage stage(limits);
    stage.run([](ServerStage& on) -> Task<> {
      auto client = on.client();
      const std::string piece(16 * 1024, 'x');
      for (int written = 0; written < 512; ++written) {
        co_await test::say(client, piece);
        co_await test::pass(on.reactor, 1ms);
        CHECK(on.reactor.buffers().bytes_in_use() <= 2 * 64 * 1024);
      }
      co_await test::say(client, "\nafter\n");
      auto finished = client.close_write();
      auto heard = co_await test::hear_to_end(client);
      CHECK(heard.ends_with("\ngot after\n"));
      CHECK(heard.size() < 9 * 1024);
    });
    CHECK(stage.observer.limits_met().size() == 1);
  }
}

TEST_CASE("the rest of a line that is left out has the line's own time, and no more") {
  Limits limits = short_lines(LongLine::discard);
  ServerStage stage(limits);
  stage.run([](ServerStage& on) -> Task<> {
    auto client = on.client();
    for (int second = 0; second < 10; ++second) {
      co_await test::say(client, "1234567890");
      co_await test::pass(on.reactor, 999ms);
      CHECK(on.server.open_connections() == 1);
    }
    auto heard = co_await test::hear_to_end(client);
    CHECK(heard == error);
    CHECK(on.elapsed() >= 10s);
    CHECK(on.elapsed() <= 10s + 1ms);
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"slow-line"});
}

TEST_CASE("a line that was left out to its end is a line: the idle timeout begins anew") {
  ServerStage stage(short_lines(LongLine::discard));
  stage.run([](ServerStage& on) -> Task<> {
    auto client = on.client();
    co_await test::say(client, "12345678901234567890");
    auto answer = co_await test::hear(client, error.size());
    CHECK(answer == error);
    co_await test::pass(on.reactor, 5s);
    co_await test::say(client, "1234567890\n");
    co_await test::pass(on.reactor, 59s);
    CHECK(on.server.open_connections() == 1);
    auto rest = co_await test::hear_to_end(client);
    CHECK(rest.empty());
    CHECK(on.elapsed() >= 65s);
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"idle"});
}

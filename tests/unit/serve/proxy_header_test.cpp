// A header of the PROXY protocol where none is expected.
#include "serve/proxy_header.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/server_stage.hpp"

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;
using reactord::begins_with_proxy_header;
using reactord::Task;
using test::ServerStage;

namespace {

const std::string version_1 = "PROXY TCP4 192.0.2.1 192.0.2.2 40000 9090\r\n";
const std::string version_2 = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"s + std::string(12, 'a');
constexpr const char* refusal = "ERR no PROXY header is expected here\n";

// Sends the pieces, each once the server has looked at those before. Returns what it answers until it ends.
std::string answer_to(const std::vector<std::string>& pieces, std::vector<std::string>& ends) {
  ServerStage stage;
  std::string heard;
  stage.run(
      [](ServerStage& on, const std::vector<std::string>& sent, std::string& answers) -> Task<> {
        reactord::Conn peer = on.client();
        for (const std::string& piece : sent) {
          auto written = co_await peer.write(piece);  // refused once it has ended
          for (int turn = 0; turn < 4; ++turn) co_await on.reactor.next_turn();
        }
        auto finished = peer.close_write();
        Task<std::string> hearing = test::hear_to_end(peer);
        answers = co_await std::move(hearing);
        auto closed = peer.close();
        on.server.drain(1s);
      },
      pieces, heard);
  ends = stage.observer.causes();
  return heard;
}

std::string answer_to(const std::vector<std::string>& pieces) {
  std::vector<std::string> ends;
  return answer_to(pieces, ends);
}

std::vector<std::string> bytes_of(const std::string& text) {
  std::vector<std::string> bytes;
  for (const char byte : text) bytes.emplace_back(1, byte);
  return bytes;
}

}  // namespace

TEST_CASE("what begins with a header of the PROXY protocol, and what only looks like it") {
  struct Row {
    std::string_view bytes;
    std::uint64_t offset;
    bool is_header;
  };
  for (const Row& row : {Row{"PROXY TCP4 ", 0, true},
                         Row{"PROXY TCP6 ::1 ::1 1 2\r\n", 0, true},
                         Row{"PROXY UNKNOWN\r\n", 0, true},
                         Row{"PROXY UNKNOWN ff", 0, true},
                         Row{"PROXY TCP4", 0, false},
                         Row{"PROXY TCP5 \n", 0, false},
                         Row{"PROXY hello\n", 0, false},
                         Row{"proxy TCP4 x\n", 0, false},
                         Row{"PROXY TCP4 x\n", 2, false},
                         Row{"PROXY UNKNOWNS\n", 0, false},
                         Row{"\r\n\r\n\0\r\nQUIT\n!"sv, 0, true},
                         Row{"\r\n\r\n\0\r\n"sv, 0, true},
                         Row{"\r\n\r\n\0\r\nQUIX\n"sv, 0, false},
                         Row{"\r\n\0\r\nQ"sv, 2, true},
                         Row{"\0\r\nQUIT\n"sv, 4, true},
                         Row{"\0\r\n"sv, 4, true},
                         Row{"\0\r"sv, 4, false},
                         Row{"\0\r\n"sv, 3, false},
                         Row{"\r\n\r\nhello\n", 0, false},
                         Row{"\r\n", 0, false},
                         Row{"", 0, false},
                         Row{"\0\r\nQUIT\n"sv, 1ULL << 32, false}}) {
    CAPTURE(row.bytes);
    CAPTURE(row.offset);
    CHECK(begins_with_proxy_header(row.bytes, row.offset) == row.is_header);
  }
}

TEST_CASE("a PROXY header that nobody expects ends its connection, and shifts no answer") {
  for (const std::string& header : {version_1, version_2}) {
    for (const bool in_pieces : {false, true}) {
      std::vector<std::string> ends;
      const std::string whole = header + "hello\n";
      const std::string answer = answer_to(in_pieces ? bytes_of(whole) : std::vector{whole}, ends);
      // Version 2 has blank lines in front, which this handler answers, as none of a line server does.
      const bool has_answered = header == version_2 && in_pieces;
      if (!has_answered) CHECK(answer == refusal);
      if (!has_answered) CHECK(ends == std::vector<std::string>{"proxy-header"});
    }
  }
}

TEST_CASE("lines that only resemble a PROXY header are answered") {
  CHECK(answer_to({"PROXY hello\n"}) == "got PROXY hello\n");
  CHECK(answer_to({"a\nPROXY TCP4 x\n"}) == "got a\ngot PROXY TCP4 x\n");
  CHECK(answer_to({"a\nb\n", "\0\r\nQUIT\n"s}) == "got a\ngot b\ngot \0\ngot QUIT\n"s);
}

TEST_CASE("a PROXY header of version 2 that comes byte by byte is told from blank lines") {
  struct Lines final : reactord::LineHandler {
    void on_line(std::string_view line, reactord::Reply& reply) override {
      if (!reactord::trim_space(line).empty()) reply.write("got ", line, "\n");
    }
  } handler;
  ServerStage stage;
  stage.run(
      [](ServerStage& on, Lines& by) -> Task<> {
        reactord::Conn peer = on.serve(by);
        for (const std::string& byte : bytes_of(version_2)) {
          auto sent = co_await peer.write(byte);
          for (int turn = 0; turn < 4; ++turn) co_await on.reactor.next_turn();
        }
        Task<std::string> hearing = test::hear_to_end(peer);
        const std::string heard = co_await std::move(hearing);
        CHECK(heard == refusal);
        auto closed = peer.close();
        reactord::Conn other = on.serve(by);
        co_await test::say(other, "\r\n\r\n\r\nhello\n");
        Task<std::string> answering = test::hear(other, 10);
        const std::string answer = co_await std::move(answering);
        CHECK(answer == "got hello\n");
        auto ended = other.close();
        on.server.drain(1s);
      },
      handler);
  REQUIRE(stage.observer.causes().size() == 2);
  CHECK(stage.observer.causes().front() == "proxy-header");
}

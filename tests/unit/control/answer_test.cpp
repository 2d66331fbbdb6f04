// What of the daemon's bytes is text, and which line ends them, however they are cut into pieces.
#include "control/answer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using reactord::control::Answer;
using State = Answer::State;

namespace {

struct Read {
  std::string shown, reason;
  State state;
  bool operator==(const Read&) const = default;
};

Read read(std::string_view bytes, std::size_t piece) {
  Answer answer;
  Read result;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    answer.take(bytes.substr(0, piece), result.shown);
  }
  result.state = answer.state();
  if (result.state == State::refused) result.reason = answer.reason();
  return result;
}

// The same, in pieces of every size.
Read read(std::string_view bytes) {
  const Read whole = read(bytes, bytes.size());
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
    INFO(piece);
    CHECK(read(bytes, piece) == whole);
  }
  return whole;
}

}  // namespace

TEST_SUITE("reactordctl answer") {
  TEST_CASE("the last line is left out, and says how it went") {
    CHECK(read("OK\n") == Read{"", "", State::ok});
    CHECK(read("a\n\nb\nOK\n") == Read{"a\n\nb\n", "", State::ok});
    CHECK(read("ERR no connection 7\n") == Read{"", "no connection 7", State::refused});
    CHECK(read("a\nERR b\n") == Read{"a\n", "b", State::refused});
    CHECK(read("a\r\nOK\r\n").state == State::ok);
    CHECK(read("ERR b\r\n").reason == "b");
  }

  TEST_CASE("a line that only begins like the last is text") {
    CHECK(read("OKAY\nO\nE\nERROR\nER\nERR\n OK\nok\nOK \nOK\n") ==
          Read{"OKAY\nO\nE\nERROR\nER\nERR\n OK\nok\nOK \n", "", State::ok});
  }

  TEST_CASE("without the line's end it has not ended") {
    CHECK(read("a\nOK").state == State::beginning);
    CHECK(read("a\nERR b").state == State::beginning);
    CHECK(read("abc") == Read{"abc", "", State::within_text});
  }

  TEST_CASE("what comes behind the end is left out") {
    CHECK(read("a\nOK\nb\n") == Read{"a\n", "", State::ok});
  }

  TEST_CASE("a line of any length is shown as it comes") {
    Answer answer;
    std::string shown;
    answer.take("[", shown);
    const std::string piece(100'000, 'x');
    for (int i = 0; i < 10; ++i) {
      shown.clear();
      answer.take(piece, shown);
      CHECK(shown == piece);
    }
    answer.take("\nOK\n", shown);
    CHECK(answer.state() == State::ok);
  }

  TEST_CASE("a reason without an end is cut") {
    Answer answer;
    std::string shown;
    answer.take("ERR ", shown);
    for (int i = 0; i < 100; ++i) answer.take(std::string(1000, 'x'), shown);
    CHECK_FALSE(answer.has_ended());
    answer.take("y\n", shown);
    CHECK(answer.reason().size() == Answer::longest_reason - 4);
    CHECK(shown.empty());
  }
}

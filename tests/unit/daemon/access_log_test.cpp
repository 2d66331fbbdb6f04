// Which ends of connections are logged.
#include "daemon/access_log.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using reactord::AccessLog;
using reactord::Address;
using reactord::ConnectionEnd;
using reactord::EndCause;

namespace {

const Address remote{};

ConnectionEnd end_by(EndCause cause, bool all_answered = true) {
  return {.number = 1,
          .protocol = "line",
          .remote = remote,
          .cause = cause,
          .error = 0,
          .limit = {},
          .lines = 1,
          .bytes_read = 2,
          .bytes_written = 3,
          .duration = {},
          .all_answered = all_answered};
}

AccessLog access_log(std::string_view text) {
  auto parsed = AccessLog::parse(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}

}  // namespace

TEST_CASE("an end is a failure unless it is in the usual course") {
  const std::set<EndCause> usual{EndCause::eof,  EndCause::finished, EndCause::reset,
                                 EndCause::idle, EndCause::lifetime, EndCause::drained};
  for (std::size_t index = 0; index < reactord::end_causes; ++index) {
    const auto cause = static_cast<EndCause>(index);
    CAPTURE(reactord::to_string(cause));
    CHECK(is_failure(end_by(cause)) == !usual.contains(cause));
  }
  CHECK(is_failure(end_by(EndCause::reset, false)));
  CHECK_FALSE(is_failure(end_by(EndCause::eof, false)));
}

TEST_CASE("all, errors and off admit what they say") {
  const struct {
    std::string_view text;
    bool usual, failure;
  } rows[] = {{"all", true, true}, {"errors", false, true}, {"off", false, false}};
  for (const auto& row : rows) {
    CAPTURE(row.text);
    AccessLog log = access_log(row.text);
    for (int round = 0; round < 3; ++round) {
      CHECK(log.admits(end_by(EndCause::eof)) == row.usual);
      CHECK(log.admits(end_by(EndCause::slow_reader)) == row.failure);
    }
  }
}

TEST_CASE("a sample admits the first end in the usual course of so many, and every failure") {
  for (const unsigned one_in : {1u, 2u, 100u}) {
    CAPTURE(one_in);
    AccessLog log = access_log("sample=1/" + std::to_string(one_in));
    for (unsigned number = 0; number < 3 * one_in; ++number) {
      CHECK(log.admits(end_by(EndCause::eof)) == (number % one_in == 0));
      CHECK(log.admits(end_by(EndCause::error)));
    }
  }
}

TEST_CASE("a wrong text is told with what would be right") {
  const struct {
    std::string_view text, error;
  } rows[] = {
      {"error", "error: did you mean errors?"},
      {"", ": known: all errors sample=1/100 off"},
      {"sample=1/0", "sample=1/0: write sample=1/N, and for N a number from 1 to 1000000"},
      {"sample=1/1000001", "sample=1/1000001: write sample=1/N, and for N a number from 1 to 1000000"},
      {"sample=1/-1", "sample=1/-1: write sample=1/N, and for N a number from 1 to 1000000"},
      {"sample=1/", "sample=1/: write sample=1/N, and for N a number from 1 to 1000000"},
      {"sample=1/10x", "sample=1/10x: write sample=1/N, and for N a number from 1 to 1000000"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto parsed = AccessLog::parse(row.text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error() == row.error);
  }
  CHECK(AccessLog::parse("sample=1/1000000").has_value());
}

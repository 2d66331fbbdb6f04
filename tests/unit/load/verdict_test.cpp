// Whether a result is a failure, with which status, and in which words.
#include "load/report/verdict.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/load_result.hpp"

using namespace reactord;
using namespace reactord::load;
using load::LoadOptions;
using load::Verdict;

namespace {

Verdict verdict_of(const LoadResult& result, const LoadOptions& options = {}) {
  return load::judge_run(options, result);
}

LoadOptions with_script(std::string_view text) {
  LoadOptions options;
  auto script = parse_script("a.load", text, ".");
  REQUIRE(script.has_value());
  options.script = std::move(*script);
  return options;
}

}  // namespace

TEST_SUITE("load verdict") {
  TEST_CASE("a run without an error has none, and its status is 0") {
    const Verdict verdict = verdict_of(closed_loop_result());
    CHECK_FALSE(verdict.is_failure());
    CHECK(verdict.status() == 0);
  }

  TEST_CASE("any error is a failure, whatever its name; of a reply it has a status of its own") {
    LoadResult result = closed_loop_result();
    result.errors["what nobody has thought of"] = {.count = 7, .first_example = "an example"};
    CHECK(verdict_of(result).status() == 1);
    CHECK(verdict_of(result).why() == "errors: what nobody has thought of 7: an example");
    result.errors["reply never heard of"] = {.count = 2, .first_example = ""};
    CHECK(verdict_of(result).status() == 2);
    CHECK(verdict_of(result).why() ==
          "replies were wrong or missing: reply never heard of 2; errors: what nobody has thought of 7: an "
          "example");
    result.errors = {{"read eof", {}}};  // which was met zero times
    CHECK_FALSE(verdict_of(result).is_failure());
  }

  TEST_CASE("of many kinds of errors three are told, and the number of the others") {
    LoadResult result = closed_loop_result();
    for (const char* name : {"a", "b", "c", "d", "e"}) result.errors[name].count = 1;
    CHECK(verdict_of(result).why() == "errors: a 1; b 1; c 1; and 2 other kinds");
  }

  TEST_CASE("fewer connections than wanted are a failure, but for one to each request, and an early end") {
    LoadResult result = closed_loop_result();
    result.connections_opened = 51, result.connections_wanted = 100;
    CHECK(verdict_of(result).status() == 1);
    CHECK(verdict_of(result).why() == "51 connections were opened, 100 were wanted");
    LoadOptions visits;
    visits.connection_per_request = true;
    CHECK_FALSE(verdict_of(result, visits).is_failure());
    result.interrupted = true;
    CHECK_FALSE(verdict_of(result).is_failure());
  }

  TEST_CASE("where nothing was done is said as what it was") {
    LoadResult result;
    CHECK(verdict_of(result).why() == "no connection was opened");
    result.connections_opened = result.connections_wanted = 10;
    CHECK(verdict_of(result).why() == "no request was sent within the time");
    result.sent = 5;
    CHECK(verdict_of(result).why() == "nothing was answered");
    CHECK(verdict_of(result).status() == 1);
    result.interrupted = true;
    CHECK(verdict_of(result).status() == 130);
  }

  TEST_CASE("a script without a reply to wait for, and idle connections alone, need no answer") {
    LoadResult result;
    result.connections_opened = result.connections_wanted = 10;
    CHECK_FALSE(verdict_of(result, with_script("trickle 1 1s \"abc\"\nexpect-end\n")).is_failure());
    CHECK(verdict_of(result, with_script("send \"a\\n\"\nexpect-line\n")).is_failure());
    LoadOptions held;
    held.connections = 0, held.hold = 10;
    CHECK_FALSE(verdict_of(result, held).is_failure());
  }

  TEST_CASE("of several reasons the worst has the status and stands first, on one line") {
    LoadOptions options;
    options.fail_if = {"errors>0", "p99>1h"};
    LoadResult result = closed_loop_result();
    result.errors["read ECONNRESET"] = {.count = 1, .first_example = "two\nlines"};
    Verdict verdict = verdict_of(result, options);
    CHECK(verdict.status() == 1);
    CHECK(verdict.why() == "errors: read ECONNRESET 1: two\\nlines; --fail-if errors>0: errors is 1");
    verdict.add(load::exit_interrupted, "a signal");
    CHECK(verdict.status() == 130);
    CHECK(verdict.why().starts_with("a signal; errors: "));
  }
}

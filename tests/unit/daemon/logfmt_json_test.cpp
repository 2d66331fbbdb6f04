// A line of the log as JSON.
#include "daemon/logfmt_json.hpp"

#include <doctest/doctest.h>

#include "load/result/json.hpp"

using reactord::append_logfmt_members;

TEST_CASE("each key of logfmt is a member, and what the log wrote as a number is one") {
  struct Row {
    const char *line, *members;
  };
  static constexpr Row table[] = {
      {"event=draining", R"("event":"draining")"},
      {"event=closed in=17 seconds=0.004", R"("event":"closed","in":17,"seconds":0.004)"},
      {"a=0 b=-3 c=007 d=1. e=.5 f=1e3 g=- h=1.2.3",
       R"("a":0,"b":-3,"c":"007","d":"1.","e":".5","f":"1e3","g":"-","h":"1.2.3")"},
      {"peer=127.0.0.1:40312 cause=eof", R"("peer":"127.0.0.1:40312","cause":"eof")"},
      {R"(error="a \"b\" \\ c=d" x=1)", R"("error":"a \"b\" \\ c=d","x":1)"},
      {R"(empty="" digits="12")", R"("empty":"","digits":"12")"},
      {R"(text="\u001b[2J\\xff")", R"("text":"\u001b[2J\\xff")"},
      {"", ""},
      {"nothing", ""},
      {"a=", R"("a":"")"},
      {"a=\"b", "\"a\":\"b"},
  };
  for (const Row& row : table) {
    CAPTURE(row.line);
    std::string out;
    append_logfmt_members(out, row.line);
    CHECK(out == row.members);
  }
}

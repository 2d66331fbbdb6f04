// How many connections the daemon takes on itself, given its limit on descriptors.
#include <doctest/doctest.h>

#include "support/process.hpp"

using test::Daemon;
using test::Process;

namespace {

constexpr int usage_error = 64;

TEST_CASE("the limit on descriptors, less what is needed otherwise, is what there may be of connections") {
  Daemon daemon({"line@127.0.0.1:0", "echo@127.0.0.1:0"}, {}, 200);
  daemon.wait_for_log({"level=info event=limits max-connections=70 descriptors=200 max-buffers=268435456"});
  CHECK(daemon.stop() == 0);
}

TEST_CASE("fewer may be asked for, more not") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--max-connections", "71"}, 200);
  daemon.wait_for_log({"event=limits max-connections=71 "});
  CHECK(daemon.stop() == 0);

  Process asks_for_more({"--listen", "line@127.0.0.1:0", "--max-connections", "72,reject"}, 200);
  CHECK(asks_for_more.wait() == usage_error);
  CHECK(asks_for_more.errors() ==
        "reactord: --max-connections 72: needs 72 + 129 of its own = 201 descriptors, the limit is 200: at "
        "most "
        "71 fit; or raise it (ulimit -n, LimitNOFILE= of a unit)\n");
}

TEST_CASE("a limit on descriptors that leaves nothing for connections is refused") {
  Process process({"--listen", "line@127.0.0.1:0"}, 64);
  CHECK(process.wait() == usage_error);
  CHECK(process.errors() ==
        "reactord: the limit is 64 descriptors, reactord needs 129 of its own and one for each connection: "
        "raise "
        "it (ulimit -n, LimitNOFILE= of a unit)\n");
}

}  // namespace

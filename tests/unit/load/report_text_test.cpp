// The final report: its whole text, and what changes in it.
#include "load/report/report_text.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/load_result.hpp"

using namespace reactord;
using namespace reactord::load;

TEST_CASE(
    "the report of an open loop shows response beside service time, and everything else that was seen") {
  CHECK(report_text(open_loop_result()) ==
        "Running 10s test @ line@127.0.0.1:9090\n"
        "  connections 100, rate 1000/s, arrivals poisson\n"
        "  Statistics         Avg     Stdev       Max   +/- Stdev\n"
        "    Latency     204.78us  152.15us    5.00ms      99.90%\n"
        "    Service     165.22us   11.40us  400.00us      76.80%\n"
        "    Req/Sec          999         6     1.01k      60.00%\n"
        "  Latency Distribution\n"
        "             response     service\n"
        "      50%    200.06us    165.12us\n"
        "      75%    210.05us    172.54us\n"
        "      90%    216.06us    177.02us\n"
        "      99%    219.65us    179.71us\n"
        "    99.9%    220.03us    179.97us\n"
        "  Response times up to, and their share\n"
        "    200.00us |##################################################|  50.16%\n"
        "    250.00us |##################################################|  49.74%\n"
        "    315.00us |                                                  |   0.00%\n"
        "    400.00us |                                                  |   0.00%\n"
        "    500.00us |                                                  |   0.00%\n"
        "    630.00us |                                                  |   0.00%\n"
        "    800.00us |                                                  |   0.00%\n"
        "      1.00ms |                                                  |   0.00%\n"
        "      1.25ms |                                                  |   0.00%\n"
        "      1.60ms |                                                  |   0.00%\n"
        "      2.00ms |                                                  |   0.00%\n"
        "      2.50ms |                                                  |   0.00%\n"
        "      3.15ms |                                                  |   0.00%\n"
        "      4.00ms |                                                  |   0.00%\n"
        "      5.00ms |.                                                 |   0.10%\n"
        "  Connections: 98 opened, 100 wanted\n"
        "    Connect     50%   80.00us  99%   80.00us  max   80.00us\n"
        "    First byte  50%  250.00us  99%  250.00us  max  250.00us\n"
        "  10000 requests in 10.00s, 11.77MB read\n"
        "  In all: 10003 sent, 10000 answered\n"
        "  In flight at end: 3 sent and not answered\n"
        "  Late sends: 10 of 10003 (0.10%) more than 1ms late, the latest 4.60ms\n"
        "  Socket errors: connect 2, read 1, write 0, timeout 0\n"
        "  Errors: 3\n"
        "    connect ECONNREFUSED             2\n"
        "      first: dial tcp 127.0.0.1:9090: connect: connection refused\n"
        "    read ECONNRESET                  1\n"
        "  Generator: 43% of a core, longest turn 1.20ms\n"
        "Requests/sec:   1000.00\n"
        "Transfer/sec:     1.18MB\n");
}

TEST_CASE("the report of a closed loop says what its latency is worth") {
  CHECK(report_text(closed_loop_result()) ==
        "Running 1s test @ echo@unix:/tmp/echo.sock\n"
        "  connections 10\n"
        "  Statistics         Avg     Stdev       Max   +/- Stdev\n"
        "    Latency      92.00us    4.00us  100.00us      80.00%\n"
        "    Req/Sec       50.00k         0    50.00k     100.00%\n"
        "  Latency Distribution\n"
        "      50%     90.05us\n"
        "      75%     90.05us\n"
        "      90%    100.00us\n"
        "      99%    100.00us\n"
        "    99.9%    100.00us\n"
        "  Latencies up to, and their share\n"
        "     90.00us |##################################################|  80.00%\n"
        "    100.00us |#############                                     |  20.00%\n"
        "  Connections: 10 opened, 10 wanted\n"
        "    Connect     50%   80.00us  99%   80.00us  max   80.00us\n"
        "    First byte  50%  250.00us  99%  250.00us  max  250.00us\n"
        "  50000 requests in 1.00s, 3.05MB read\n"
        "  In all: 50000 sent, 50000 answered\n"
        "  Generator: 61% of a core, longest turn 300.00us\n"
        "  Closed loop: the latency is service time under the generator's own back-off,\n"
        "  since a connection sends only when its last request is answered.\n"
        "Requests/sec:  50000.00\n"
        "Transfer/sec:     3.05MB\n");
}

TEST_CASE("a last second that was cut short counts with its rate, in the requests a second") {
  LoadResult result = closed_loop_result();
  result.duration = 2500ms;
  result.seconds.assign(3, result.seconds.front());
  result.seconds.back().requests /= 2;
  const char* const steady = "    Req/Sec       50.00k         0    50.00k     100.00%\n";
  CHECK(report_text(result).contains(steady));
  result.duration = 2000ms + 100ns;
  result.seconds.back().requests = 1;  // which would be ten million a second
  CHECK(report_text(result).contains(steady));
  result.seconds.resize(1);
  result.duration = 50ms;  // there is no other
  result.seconds.front().requests = 2500;
  CHECK(report_text(result).contains(steady));
}

TEST_CASE("the report of a run without any answer has no numbers made up") {
  CHECK(report_text(LoadResult{}) ==
        "Running 0s test\n"
        "  Statistics         Avg     Stdev       Max   +/- Stdev\n"
        "    Latency            -         -         -           -\n"
        "  Latency Distribution\n"
        "      50%           -\n"
        "      75%           -\n"
        "      90%           -\n"
        "      99%           -\n"
        "    99.9%           -\n"
        "  Connections: 0 opened, 0 wanted\n"
        "  0 requests in 0.00s, 0.00B read\n"
        "  In all: 0 sent, 0 answered\n"
        "  Closed loop: the latency is service time under the generator's own back-off,\n"
        "  since a connection sends only when its last request is answered.\n"
        "Requests/sec:         -\n"
        "Transfer/sec:          -\n");
}

TEST_CASE("a report says that it was interrupted, and that the generator was the bottleneck") {
  LoadResult result = open_loop_result();
  result.duration = 3200ms;
  result.interrupted = true;
  result.is_bottleneck = true;
  result.bottleneck_reason = "the generator used 97% of its core";
  const std::string text = report_text(result);
  CHECK(text.starts_with(
      "BOTTLENECK: the generator used 97% of its core\nRunning 10s test @ line@127.0.0.1:9090\n"));
  CHECK(
      text.contains("\n  10000 requests in 3.20s, 11.77MB read\n"
                    "  In all: 10003 sent, 10000 answered\n"
                    "  interrupted: this is what was done until then\n"));
  CHECK(text.contains("\nRequests/sec:   3125.00\n"));
  CHECK_FALSE(report_text(open_loop_result()).contains("interrupted"));
  CHECK_FALSE(report_text(open_loop_result()).contains("BOTTLENECK"));
}

TEST_CASE("errors are counted as wrk counts them, a timeout of any phase among the timeouts") {
  LoadResult result = closed_loop_result();
  result.errors["connect ETIMEDOUT"].count = 1;
  result.errors["read timeout"].count = 2;
  result.errors["write EPIPE"].count = 4;
  result.errors["reply mismatch"] = {.count = 8, .first_example = "asked for \"a\", got \"b\""};
  result.errors["read ECONNRESET"].count = 0;
  const std::string text = report_text(result);
  CHECK(text.contains("  Socket errors: connect 0, read 0, write 4, timeout 3\n  Errors: 15\n"));
  CHECK(text.contains("    reply mismatch                   8\n      first: asked for \"a\", got \"b\"\n"));
  CHECK_FALSE(text.contains("ECONNRESET"));
}

TEST_CASE("the report tells how many requests had no answer, and what was done outside the time measured") {
  LoadResult result = open_loop_result();
  result.unanswered = 500;
  result.warmup_sent = 20, result.warmup_answered = 19;
  result.sent_after = 2, result.answered_after = 4;
  const std::string text = report_text(result, false);
  CHECK(
      text.contains("    99.9%    220.03us    179.97us\n"
                    "    of which 500 (5.00%) had no answer: counted with their timeout at least\n"));
  CHECK(text.contains(
      "  In all: 10025 sent, 10023 answered; in the warm-up 20 and 19; after the end 2 and 4\n"));
}

TEST_CASE("a name, an example or a reason makes no line of its own") {
  LoadResult result = closed_loop_result();
  result.configuration = {{"target", "line@unix:/a\n  9 requests"}, {"send", "a\nb"}};
  result.errors["connect\nx"] = {.count = 1, .first_example = "a\n  123456 requests in 1.00s"};
  result.is_bottleneck = true;
  result.bottleneck_reason = "busy\nRequests/sec: 1";
  const std::string text = report_text(result);
  CHECK(text.contains("@ line@unix:/a\\n  9 requests\n  send a\\nb\n"));
  CHECK(text.contains("first: a\\n  123456 requests"));
  CHECK(text.contains("    connect\\nx "));
  CHECK(text.contains("busy\\nRequests/sec: 1\n"));
}

TEST_CASE("a long configuration is broken into lines") {
  LoadResult result;
  for (int number = 0; number < 12; ++number) {
    result.configuration.emplace_back("name-" + std::to_string(number), "value");
  }
  CHECK(report_text(result).starts_with(
      "Running 0s test\n"
      "  name-0 value, name-1 value, name-2 value, name-3 value, name-4 value,\n"
      "  name-5 value, name-6 value, name-7 value, name-8 value, name-9 value,\n"
      "  name-10 value, name-11 value\n"
      "  Statistics "));
}

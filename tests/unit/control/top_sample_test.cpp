// The answers of a daemon, read into a sample.
#include "control/top_sample.hpp"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <string>

#include "reactord/end_cause.hpp"

using namespace reactord::control;
using namespace std::chrono_literals;

namespace {

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

std::string error_of(const Parsed<void>& read) { return read ? "was read" : read.error(); }

}  // namespace

TEST_SUITE("reactordctl top: samples") {
  TEST_CASE("stats are read, whatever else a daemon tells") {
    TopSample sample;
    const std::string json =
        R"({"version":"reactord 9.9","pid":3326,"accepted":18446744073709551615,"open":3,"eof":80,"finished":0,)"
        R"("reset":2,"lines":9120,"in":82080,"out":155040,"uptime":86400.012,"resident":5242880,"buffers":512,)"
        R"("reload":"none","waiting":1,"draining":"yes","descriptors-limit":20000,"log-level":"debug",)"
        R"("new":{"nested":[1,{"deep":true}]}})";
    REQUIRE(error_of(read_stats(json, sample)) == "was read");
    CHECK(sample.version == "reactord 9.9");
    CHECK(sample.log_level == "debug");
    CHECK(sample.is_draining);
    CHECK(sample.pid == 3326);
    CHECK(sample.accepted == most);
    CHECK(sample.open == 3);
    CHECK(sample.waiting == 1);
    CHECK(sample.uptime == 86'400'012ms);
    CHECK(sample.resident == 5'242'880);
    CHECK(sample.buffers == 512);
    CHECK(sample.descriptors_limit == 20'000);
    CHECK(sample.ended_lines == 9120);
    CHECK(sample.ended_in == 82'080);
    CHECK(sample.ended_out == 155'040);
    REQUIRE(sample.ended.size() == 3);
    CHECK(sample.ended[0].cause == "eof");
    CHECK(sample.ended[2].count == 2);
  }

  TEST_CASE("what is missing, or of another kind, stays empty") {
    TopSample sample;
    REQUIRE(read_stats("{}", sample).has_value());
    CHECK(sample.version.empty());
    CHECK_FALSE(sample.pid.has_value());
    CHECK_FALSE(sample.uptime.has_value());
    CHECK(sample.ended.empty());
    REQUIRE(
        read_stats(
            R"({"open":"3","pid":-1,"uptime":"long","version":7,"eof":null,"lines":18446744073709551616})",
            sample)
            .has_value());
    CHECK_FALSE(sample.open.has_value());
    CHECK_FALSE(sample.pid.has_value());
    CHECK_FALSE(sample.uptime.has_value());
    CHECK_FALSE(sample.ended_lines.has_value());
    CHECK(sample.version.empty());
    CHECK(sample.ended.empty());
    REQUIRE(read_stats(R"({"uptime":1e300})", sample).has_value());
    CHECK(sample.uptime == 9'000'000'000s);
    REQUIRE(read_stats(R"({"uptime":-5})", sample).has_value());
    CHECK(sample.uptime == 0s);
  }

  TEST_CASE("an answer of another form is an error that names its command") {
    TopSample sample;
    CHECK(error_of(read_stats("[]", sample)) ==
          "the answer to stats is not understood: an object is expected");
    CHECK(error_of(read_stats("{\"pid\":", sample)) ==
          "the answer to stats is not understood: byte 7: a value is expected");
    CHECK(error_of(read_programs("{}", sample)) ==
          "the answer to programs is not understood: a list is expected");
    CHECK(error_of(read_limits("1", sample)) == "the answer to limits is not understood: a list is expected");
    CHECK(error_of(read_connections("[{\"peer\":\"x\"}]", sample)) ==
          "the answer to connections is not understood: a connection without id");
    CHECK(error_of(read_daemon_metrics("accepted 91\nopen three\n", sample)) ==
          "the answer to metrics is not understood: line 2: a number is expected");
  }

  TEST_CASE("every cause of an end is counted") {
    REQUIRE(end_causes().size() == reactord::end_causes);
    for (std::size_t at = 0; at < reactord::end_causes; ++at) {
      CHECK(end_causes()[at] == reactord::to_string(static_cast<reactord::EndCause>(at)));
    }
  }

  TEST_CASE("limits are numbers and sizes, and what becomes of one too many is left out") {
    TopSample sample;
    REQUIRE(read_limits(R"([{"limit":"max-connections","value":"20k,defer","from":"x:1"},
                            {"limit":"max-buffers","value":"256MiB","from":"default"},{"limit":"other"},7])",
                        sample)
                .has_value());
    CHECK(sample.connections_limit == 20'000);
    CHECK(sample.buffers_limit == 268'435'456);
    REQUIRE(read_limits(R"([{"limit":"max-connections","value":"soon"},{"limit":"max-buffers","value":"0"}])",
                        sample)
                .has_value());
    CHECK_FALSE(sample.connections_limit.has_value());
    CHECK(sample.buffers_limit == 0);
  }

  TEST_CASE("of metrics, families are added up whatever their labels, and histograms by their bounds") {
    TopSample sample;
    REQUIRE(read_daemon_metrics("reactord_lines_total{protocol=\"line\"} 9000\n"
                                "reactord_lines_total{protocol=\"echo\"} 120\n"
                                "reactord_received_bytes_total 82080\n"
                                "reactord_sent_bytes_total 155040\n"
                                "reactord_stalls_total 2\n"
                                "reactord_descriptors_open 12\n"
                                "reactord_turn_seconds_bucket{le=\"+Inf\"} 4\n"
                                "reactord_turn_seconds_bucket{le=\"0.001\"} 3\n"
                                "reactord_turn_seconds_bucket{le=\"x\"} 3\n"
                                "reactord_turn_seconds_bucket 3\n"
                                "reactord_turn_seconds_count 4\n"
                                "reactord_handler_seconds_bucket{protocol=\"line\",le=\"0.001\"} 3\n"
                                "reactord_handler_seconds_bucket{protocol=\"echo\",le=\"1e-3\"} 2\n"
                                "reactord_handler_seconds_bucket{protocol=\"line\",le=\"+Inf\"} 5\n"
                                "reactord_other 1\n",
                                sample)
                .has_value());
    CHECK(sample.lines == 9120);
    CHECK(sample.in == 82'080);
    CHECK(sample.out == 155'040);
    CHECK(sample.stalls == 2);
    CHECK(sample.descriptors == 12);
    REQUIRE(sample.turns.size() == 2);
    CHECK(sample.turns[0].le == 0.001);
    CHECK(sample.turns[1].count == 4);
    REQUIRE(sample.handlers.size() == 2);
    CHECK(sample.handlers[0].count == 5);
    REQUIRE(read_daemon_metrics("reactord_lines_total NaN\n", sample).has_value());
    CHECK_FALSE(sample.lines.has_value());
    CHECK(sample.turns.empty());
  }

  TEST_CASE("rows of connections and programs are read") {
    TopSample sample;
    REQUIRE(read_connections(R"([
 {"id":18446744073709551615,"protocol":"line","peer":"unix:@a\u001b","state":"sending","age":7500.250,"silent":0.012,
  "lines":1,"in":2,"out":3,"buffered":4,"unsent":5}
,{"id":8}
])",
                             sample)
                .has_value());
    REQUIRE(sample.connections.size() == 2);
    const TopConnection& one = sample.connections[0];
    CHECK(one.id == most);
    CHECK(one.protocol == "line");
    CHECK(one.peer == "unix:@a\x1b");
    CHECK(one.state == "sending");
    CHECK(one.age == 7'500'250ms);
    CHECK(one.silent == 12ms);
    CHECK(std::array{one.lines, one.in, one.out, one.buffered, one.unsent} ==
          std::array<std::uint64_t, 5>{1, 2, 3, 4, 5});
    CHECK(sample.connections[1].age == 0s);
    REQUIRE(read_programs(R"([ {"program":"upper","mode":"worker","state":"serving","workers":2,"running":1,
        "connections":14,"open-lines":3,"starts":5,"ends":4} ])",
                          sample)
                .has_value());
    REQUIRE(sample.programs.size() == 1);
    CHECK(sample.programs[0].name == "upper");
    CHECK(sample.programs[0].open_lines == 3);
    CHECK(sample.programs[0].ends == 4);
    REQUIRE(read_programs("[]", sample).has_value());
    CHECK(sample.programs.empty());
  }
}

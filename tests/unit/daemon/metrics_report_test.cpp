// The metrics of a daemon, all of them: by the command of the control socket, and held against the page of the operator.
#include "daemon/metrics_report.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "daemon/status_page.hpp"
#include "support/control_stage.hpp"

using namespace reactord;

namespace {

struct MetricsStage : test::ControlStage {
  MetricsStage() : ControlStage({metrics_commands()}) {
    DaemonFacts& facts = host.daemon_facts;
    facts.program = "kvd";
    facts.version = "1.2";
    facts.started = std::chrono::system_clock::time_point(1'780'000'000'500ms);
    facts.limits = {{"max-line", "truncated", 7}, {"max-connections", "closed", 2}};
    facts.pauses = {{"EMFILE", "", 3}};
    facts.stalls = 4;
    facts.reloads_failed = 1;
    facts.log_written = 10, facts.log_omitted = 11, facts.log_dropped = 12;
    facts.program_starts = {{"gone", "", 5}, {"upper", "", 9}};
    facts.buffer_limit = 4096;
    facts.resident_memory = 1 << 20;
    facts.open_descriptors = 17;
    facts.listeners = {{"127.0.0.1:9090", "line", 8, 6}};
    facts.turns = facts.handlers = facts.timer_lateness =
        DaemonFacts::Durations{.buckets = {{0.001, 2}}, .beyond = 1, .sum = 3s};
    for (const std::size_t times : {std::size_t{1}, std::size_t{10}}) {
      host.program_rows.push_back({.name = "upper",
                                   .mode = ProgramMode::worker,
                                   .state = "serving",
                                   .workers = 1,
                                   .processes = times,
                                   .connections = 2 * times,
                                   .open_lines = 3 * times,
                                   .starts = 4 * times});
    }
  }

  // Asks on a connection of its own.
  std::string answer_to(std::string request) {
    std::string answer;
    run([](MetricsStage& stage, std::string asked, std::string& to) -> Task<> {
      Conn conn = stage.connect();
      Task<std::string> asking = test::ask(conn, std::move(asked));
      to = co_await std::move(asking);
    }(*this, std::move(request), answer));
    return answer;
  }
};

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

// The names behind `mark` at the beginning of a line, in their order.
std::vector<std::string> names_behind(std::istream& in, const std::string& mark) {
  std::vector<std::string> names;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(mark)) continue;
    const std::size_t end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", mark.size());
    names.push_back(line.substr(mark.size(), end - mark.size()));
  }
  return names;
}

constexpr std::string_view name_letters = "abcdefghijklmnopqrstuvwxyz_";

// What stands behind each `mark` and may be a name, if it is one of several words; without our prefix, and without the ends
// that the samples of a histogram have. `closing`: what must stand behind it.
std::set<std::string> families_named(std::string_view text, std::string_view mark, std::string_view closing) {
  std::set<std::string> names;
  for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + 1)) {
    std::string_view name = text.substr(at + mark.size());
    name = name.substr(0, name.find_first_not_of(name_letters));
    if (!text.substr(at + mark.size() + name.size()).starts_with(closing)) continue;
    if (name.starts_with("reactord_")) name.remove_prefix(9);
    for (const std::string_view suffix : {"_bucket", "_sum", "_count"})
      if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
    if (name.find('_') != name.npos && !name.starts_with('_')) names.emplace(name);
  }
  return names;
}

}  // namespace

TEST_CASE_FIXTURE(MetricsStage, "metrics tells all that the daemon counts") {
  const std::string text = answer_to("metrics");
  CHECK(text.ends_with("\nOK\n"));
  for (const std::string line :
       {"reactord_build_info{program=\"kvd\",version=\"1.2\"} 1",
        "reactord_start_time_seconds 1780000000.5",
        "reactord_draining 0",
        "reactord_reloads_total{result=\"failed\"} 1",
        "reactord_last_reload_timestamp_seconds 0",
        "reactord_resident_memory_bytes 1048576",
        "reactord_descriptors_open 17",
        "reactord_descriptors_limit 1024",
        "reactord_buffer_limit_bytes 4096",
        "reactord_connections_open 0",
        "reactord_connections_ended_total{cause=\"slow-reader\"} 0",
        "reactord_connections_in_state{state=\"in-line\"} 0",
        "reactord_limit_reached_total{limit=\"max-line\",action=\"truncated\"} 7",
        "reactord_limit_reached_total{limit=\"max-connections\",action=\"closed\"} 2",
        "reactord_accept_pauses_total{error=\"EMFILE\"} 3",
        "reactord_stalls_total 4",
        "reactord_handler_failures_total 0",
        "reactord_log_lines_total{result=\"written\"} 10",
        "reactord_log_lines_total{result=\"omitted\"} 11",
        "reactord_log_lines_total{result=\"dropped\"} 12",
        "reactord_listener_accepted_total{listener=\"127.0.0.1:9090\",protocol=\"line\"} 8",
        "reactord_listener_connections{listener=\"127.0.0.1:9090\",protocol=\"line\"} 6",
        "reactord_turn_seconds_bucket{le=\"+Inf\"} 3",
        "reactord_handler_seconds_sum 3",
        "reactord_timer_lateness_seconds_count 3"}) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
}

TEST_CASE_FIXTURE(MetricsStage,
                  "programs of one name are told together, and those that have gone by their starts") {
  const std::string text = answer_to("metrics");
  for (const std::string line : {"reactord_program_processes{program=\"upper\"} 11",
                                 "reactord_program_starts_total{program=\"upper\"} 9",
                                 "reactord_program_open_lines{program=\"upper\"} 33",
                                 "reactord_program_connections{program=\"upper\"} 22",
                                 "reactord_program_starts_total{program=\"gone\"} 5",
                                 "reactord_program_processes{program=\"gone\"} 0"}) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
}

TEST_CASE_FIXTURE(MetricsStage, "open connections count with their lines and bytes") {
  run([](MetricsStage& stage) -> Task<> {
    std::vector<Conn> clients;
    for (std::size_t count = 0; count < metrics_connections_per_turn + 44; ++count) {
      clients.push_back(stage.client());
      Task<> saying = test::say(clients.back(), "a\n");
      co_await std::move(saying);
      Task<std::string> hearing = test::hear(clients.back(), 6);
      auto heard = co_await std::move(hearing);
      CHECK(heard == "got a\n");
    }
    Conn conn = stage.connect();
    Task<std::string> asking = test::ask(conn, "metrics");
    auto text = co_await std::move(asking);
    CHECK(has_line(text, "reactord_lines_total 300"));
    CHECK(has_line(text, "reactord_received_bytes_total 600"));
    CHECK(has_line(text, "reactord_sent_bytes_total 1800"));
    CHECK(has_line(text, "reactord_connections_in_state{state=\"idle\"} 300"));
    CHECK(has_line(text, "reactord_connections_accepted_total 300"));
  });
}

TEST_CASE_FIXTURE(MetricsStage, "without a source a family is left out") {
  host.daemon_facts = {};
  host.program_rows.clear();
  const std::string text = answer_to("metrics");
  for (const std::string name : {"reactord_listener_accepted_total", "reactord_turn_seconds",
                                 "reactord_handler_seconds", "reactord_resident_memory_bytes"}) {
    CAPTURE(name);
    CHECK(text.find(name) == std::string::npos);
  }
}

TEST_CASE_FIXTURE(MetricsStage, "OpenMetrics is asked for by a word, and there is no JSON") {
  const std::string text = answer_to("metrics --openmetrics");
  CHECK(text.ends_with("\n# EOF\nOK\n"));
  CHECK(answer_to("metrics openmetrics").ends_with("\n# EOF\nOK\n"));
  CHECK(has_line(text, "# TYPE reactord_lines counter"));
  CHECK(has_line(text, "reactord_lines_total 0"));
  CHECK(answer_to("metrics --json").starts_with("ERR metrics has no JSON"));
  CHECK(answer_to("metrics all") == "ERR metrics takes no argument but openmetrics\n");
  CHECK(answer_to("metrics --openmetrics 1") == "ERR metrics takes no argument but openmetrics\n");
}

TEST_CASE_FIXTURE(MetricsStage, "each family is told once, and all its samples follow it") {
  std::istringstream in(answer_to("metrics"));
  std::set<std::string> seen;
  std::string family;
  for (std::string line; std::getline(in, line);) {
    if (line == "OK") continue;
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      CHECK(seen.insert(family).second);
    } else if (line.starts_with("# TYPE ")) {
      CHECK(line.substr(7, line.find(' ', 7) - 7) == family);
    } else {
      CHECK(line.starts_with(family));
      CHECK(line.find_first_of("{ _", family.size()) == family.size());
    }
  }
}

TEST_CASE_FIXTURE(MetricsStage, "the page of the operator has a row for each family, and for no other") {
  std::ifstream page("docs/operations.md");
  auto documented = names_behind(page, "| `reactord_");
  std::istringstream in(answer_to("metrics"));
  auto told = names_behind(in, "# TYPE reactord_");
  std::ranges::sort(documented);
  std::ranges::sort(told);
  CHECK(documented == told);
  CHECK(told.size() > 30);
}

TEST_CASE_FIXTURE(MetricsStage,
                  "the alerts, the dashboard and the page in the browser ask for what there is") {
  std::istringstream in(answer_to("metrics"));
  const auto told = names_behind(in, "# TYPE reactord_");
  const auto contents = [](const char* file) {
    std::ifstream stream(file);
    REQUIRE(stream.good());
    return std::string{std::istreambuf_iterator<char>(stream), {}};
  };
  const struct {
    std::string text;
    std::string_view mark, closing;
    std::size_t least;
  } pages[] = {{contents("docs/metrics/alerts.yml"), "reactord_", "", 8},
               {contents("docs/metrics/dashboard.json"), "reactord_", "", 25},
               {status_page(), "'", "'", 20}};
  for (const auto& page : pages) {
    const auto names = families_named(page.text, page.mark, page.closing);
    CHECK(names.size() >= page.least);
    for (const std::string& name : names) {
      CAPTURE(name);
      CHECK(std::ranges::find(told, name) != told.end());
    }
  }
}

TEST_CASE("the page in the browser is small, and asks nobody else for anything") {
  const std::string page = status_page();
  CHECK(page.size() <= largest_status_page);
  CHECK(page.starts_with("<!doctype html>"));
  for (const std::string_view elsewhere : {"http:", "https:", "src=", "@import", "url(", "//cdn"}) {
    CAPTURE(elsewhere);
    CHECK(page.find(elsewhere) == page.npos);
  }
}

// The commands that tell of the daemon and change it, as a FakeControlHost hears of them.
#include <doctest/doctest.h>

#include <string>

#include "daemon/control_command.hpp"
#include "support/control_stage.hpp"

using namespace reactord;
using test::ControlStage;

namespace {

struct CommandStage : ControlStage {
  CommandStage() : ControlStage({report_commands(), change_commands()}) {
    host.limit_rows = {{"idle-timeout", "60s", "default"}, {"max-line", "4KiB", "/etc/r.conf:3"}};
  }

  // Asks on a connection of its own.
  std::string answer_to(std::string request) {
    std::string answer;
    run([](CommandStage& stage, std::string asked, std::string& to) -> Task<> {
      Conn conn = stage.connect();
      Task<std::string> asking = test::ask(conn, std::move(asked));
      to = co_await std::move(asking);
    }(*this, std::move(request), answer));
    return answer;
  }
};

}  // namespace

TEST_CASE_FIXTURE(CommandStage, "stats tells every counter by its name") {
  host.counters = {{"accepted", std::uint64_t{91}},
                   {"uptime", Duration(90s)},
                   {"reload", std::string_view("failed")},
                   {"reload-time", std::chrono::system_clock::time_point{}}};
  const std::string text = answer_to("stats");
  for (const std::string word : {"reactord 0.0\n", "accepted", "91\n", "1m30s\n",
                                 "1970-01-01T00:00:00.000Z\n", "waiting", "descriptors-limit", "1024\n"}) {
    CAPTURE(text);
    CHECK(text.find(word) != std::string::npos);
  }
  const std::string json = answer_to("stats --json");
  CHECK(json.find("\"accepted\":91,\"uptime\":90.000,\"reload\":\"failed\"") != std::string::npos);
  CHECK(json.ends_with("\nOK\n"));
  CHECK(answer_to("stats all") == "ERR stats takes no argument but --json\n");
}

TEST_CASE_FIXTURE(CommandStage, "listeners and programs are rows") {
  host.listener_rows = {{"line", "unix:/run/l.sock", "web", 5s, 91, 3}};
  CHECK(answer_to("listeners --json")
            .find("{\"protocol\":\"line\",\"age\":5.000,\"accepted\":91,\"open\":3,"
                  "\"address\":\"unix:/run/l.sock\",\"passed-as\":\"web\"}") != std::string::npos);
  host.program_rows = {{.name = "upper",
                        .mode = ProgramMode::worker,
                        .state = "serving",
                        .workers = 2,
                        .processes = 3,
                        .connections = 4,
                        .open_lines = 5,
                        .starts = 7}};
  CHECK(answer_to("programs --json")
            .find("{\"program\":\"upper\",\"mode\":\"worker\",\"state\":\"serving\","
                  "\"workers\":2,\"running\":3,\"connections\":4,\"open-lines\":5,"
                  "\"starts\":7,\"ends\":4}") != std::string::npos);
  CHECK(answer_to("programs").find("upper") != std::string::npos);
}

TEST_CASE_FIXTURE(CommandStage,
                  "slow lists the last calls that were, newest first, and says what measures them") {
  const Address peer = *Address::parse("192.0.2.1:7");
  host.slow.add({"line", &peer, 250ms, 7}, reactor.now());
  host.slow.add({"", nullptr, 2s}, reactor.now());
  CHECK(answer_to("slow --json") ==
        "[\n"
        " {\"ago\":0.000,\"took\":2.000,\"connection\":0,\"protocol\":\"\",\"peer\":\"\"}\n"
        ",{\"ago\":0.000,\"took\":0.250,\"connection\":7,\"protocol\":\"line\",\"peer\":\"192.0.2.1:7\"}\n"
        "]\nOK\n");
  CHECK(answer_to("slow 3") == "ERR slow takes no argument but --json\n");
}

TEST_CASE_FIXTURE(
    CommandStage,
    "without a threshold slow says which setting is missing, unless there are calls from before") {
  host.threshold = 0s;
  CHECK(answer_to("slow") ==
        "ERR stall-threshold is 0, so no call is slow: limits stall-threshold 100ms sets it\n");
  host.slow.add({"", nullptr, 2s}, reactor.now());
  CHECK(answer_to("slow").ends_with("\nOK\n"));
}

TEST_CASE_FIXTURE(CommandStage, "ended lists the last ends, newest first, as the words select them") {
  const Address tcp = *Address::parse("192.0.2.1:7"), path = *Address::parse("unix:/run/c");
  reactord::ConnectionEnd end{.number = 7,
                              .protocol = "line",
                              .remote = tcp,
                              .cause = reactord::EndCause::reset,
                              .error = ECONNRESET,
                              .limit = {},
                              .lines = 2,
                              .bytes_read = 3,
                              .bytes_written = 4,
                              .duration = 1500ms};
  end.all_answered = false;
  host.ended.add(end, reactor.now());
  host.ended.add({.number = 8,
                  .protocol = "echo",
                  .remote = path,
                  .cause = reactord::EndCause::over_limit,
                  .error = 0,
                  .limit = "max-connections",
                  .lines = 0,
                  .bytes_read = 0,
                  .bytes_written = 9,
                  .duration = 0s},
                 reactor.now());
  end.number = 9;
  end.cause = reactord::EndCause::eof;
  end.error = 0;
  host.ended.add(end, reactor.now());
  const auto numbers = [&](const std::string& words) {
    const std::string answer = answer_to("ended " + words + " --json");
    std::string found;
    for (std::size_t at = 0; (at = answer.find("\"id\":", at)) != answer.npos; ++at)
      found += answer.at(at + 5);
    return answer.ends_with("\nOK\n") ? found : answer;
  };
  const struct {
    std::string words, numbers;
  } rows[] = {{"", "987"},
              {"7", "7"},
              {"10", ""},
              {"192.0.2.1", "97"},
              {"peer=192.0.2.0/24 limit=1", "9"},
              {"unix:/run/c", "8"},
              {"failures", "87"},
              {"failures protocol=line", "7"},
              {"cause=eof", "9"},
              {"cause=idle", ""},
              {"limit=2", "98"},
              {"limit=512", "987"}};
  for (const auto& row : rows) {
    CAPTURE(row.words);
    CHECK(numbers(row.words) == row.numbers);
  }
  CHECK(answer_to("ended 7 --json") ==
        "[\n "
        "{\"ago\":0.000,\"id\":7,\"protocol\":\"line\",\"peer\":\"192.0.2.1:7\",\"cause\":\"reset\","
        "\"lines\":2,"
        "\"in\":3,\"out\":4,\"lived\":1.500,\"limit\":\"\",\"error\":\"connection reset by peer\"}\n]\nOK\n");
  CHECK(answer_to("ended 8").find("max-connections") != std::string::npos);
}

TEST_CASE_FIXTURE(CommandStage, "ended says which word is wrong, and what would be right") {
  CHECK(answer_to("ended cause=slow-readr") ==
        "ERR cause=slow-readr: no cause of an end, did you mean slow-reader?\n");
  CHECK(answer_to("ended failure") == "ERR unknown word \"failure\": did you mean failures?\n");
  CHECK(answer_to("ended limit=0") == "ERR limit=0: write a number from 1 to 512\n");
  CHECK(answer_to("ended limit=513") == "ERR limit=513: write a number from 1 to 512\n");
  CHECK(answer_to("ended 99999999999999999999") ==
        "ERR 99999999999999999999: no connection has such a number\n");
  CHECK(answer_to("ended nonsense").starts_with("ERR nonsense: no address"));
}

TEST_CASE_FIXTURE(CommandStage, "limits shows all of them or one, and sets one") {
  CHECK(answer_to("limits --json")
            .find("{\"limit\":\"idle-timeout\",\"value\":\"60s\",\"from\":\"default\"}") !=
        std::string::npos);
  const std::string one = answer_to("limits max-line");
  CHECK(one.find("/etc/r.conf:3") != std::string::npos);
  CHECK(one.find("idle-timeout") == std::string::npos);
  CHECK(answer_to("limits max-lin") == "ERR unknown limit \"max-lin\", did you mean max-line?\n");
  CHECK(host.wanted.empty());

  CHECK(answer_to("limits idle-timeout 5s") ==
        "idle-timeout = 5s holds until the next reload or restart\nOK\n");
  CHECK(host.wanted == std::vector<std::string>{"idle-timeout=5s"});
  host.mistakes = {"idle-timeout 5x: that is no time"};
  CHECK(answer_to("limits idle-timeout 5x") == "ERR idle-timeout 5x: that is no time\n");
  CHECK(answer_to("limits a b c").starts_with("ERR limits takes a name and a value without spaces"));
}

TEST_CASE_FIXTURE(CommandStage, "log-level shows and sets") {
  CHECK(answer_to("log-level") == "info\nOK\n");
  CHECK(answer_to("log-level debug") == "debug holds until the next reload or restart\nOK\n");
  CHECK(answer_to("log-level --json") == "{\"log-level\":\"debug\"}\nOK\n");
  CHECK(answer_to("log-level loud").starts_with("ERR loud: unknown level \"loud\", "));
  CHECK(host.wanted == std::vector<std::string>{"log-level"});
}

TEST_CASE_FIXTURE(CommandStage, "reload tells the mistakes, drain its own") {
  CHECK(answer_to("reload") == "OK\n");
  host.mistakes = {"r.conf:1: unknown key", "r.conf:2: unknown key"};
  CHECK(answer_to("reload") ==
        "mistake\nr.conf:1: unknown key\nr.conf:2: unknown key\n"
        "ERR nothing was changed: mend the mistakes, and reload again\n");
  CHECK(answer_to("reload --json").find("{\"mistake\":\"r.conf:2: unknown key\"}") != std::string::npos);
  host.mistakes.clear();
  host.refusal = "there is no file";
  CHECK(answer_to("reload") == "ERR there is no file\n");
  CHECK(answer_to("drain") == "OK\n");
  CHECK(answer_to("drain now").starts_with("ERR drain takes no argument"));
  CHECK(host.wanted == std::vector<std::string>{"reload", "reload", "reload", "drain"});
}

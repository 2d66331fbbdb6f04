// The questions of an operator: each command in the table of docs/operations.md, as it stands there, by a shell, answers its
// question about a daemon that has something to tell.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/configured.hpp"
#include "support/process.hpp"

using test::Client;
using test::Configured;
using test::Process;

namespace {

struct Question {
  std::string question, command;
};

// The rows of the table, in their order.
std::vector<Question> questions() {
  std::ifstream page("docs/operations.md");
  REQUIRE(page.good());
  std::vector<Question> rows;
  bool in_table = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("| question |")) in_table = true;
    if (in_table && line.empty()) break;
    const std::size_t cell = line.find(" | `");
    if (!in_table || cell == line.npos) continue;
    rows.push_back({line.substr(2, cell - 2), line.substr(cell + 4, line.rfind('`') - cell - 4)});
  }
  return rows;
}

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  if (const std::size_t at = text.find(what); at != text.npos) text.replace(at, what.size(), by);
  return text;
}

// The number of a connection, as the log or a table has it behind `mark`.
std::string number_behind(const std::string& text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  REQUIRE(at != text.npos);
  const std::size_t from = at + mark.size();
  return text.substr(from, text.find_first_not_of("0123456789", from) - from);
}

// Runs it as an operator types it. Its words stand in quotes: > is one of them.
std::string typed(const std::string& command, const std::string& socket) {
  std::string words;
  for (std::size_t at = 0; at < command.size();) {
    const std::size_t end = std::min(command.find(' ', at), command.size());
    words += '\'' + command.substr(at, end - at) + "' ";
    at = end + 1;
  }
  words = replaced(words, "'reactordctl'", "\"$REACTORDCTL\" -s " + socket);
  const test::TemporaryDirectory directory;
  const std::string output = directory.path("output");
  const int status = std::system((words + " </dev/null >" + output + " 2>&1").c_str());
  std::ifstream file(output);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK_MESSAGE(WEXITSTATUS(status) == 0, command << ": " << text);
  return text;
}

}  // namespace

TEST_CASE("each question of an operator is answered by the command that the page names") {
  // What the answer must hold; # stands for the number of the connection in question.
  const std::map<std::string_view, std::vector<std::string_view>> answers{
      {"Who is connected?", {"\n# ", "idle"}},
      {"Who holds most memory?", {"buffered", "\n# "}},
      {"Who is slow?", {"unsent", "sending"}},
      {"Why was this one closed?", {" line-too-long "}},
      {"How much is there to do now?", {"lines"}},
      {"Is a limit biting?", {"line-too-long"}},
      {"What has been changed since the reload?", {"idle-timeout", "control socket"}},
      {"Watch one.", {}},
      {"Kick one.", {"1"}},
      {"Is the loop stalled, and by whom?", {"took"}},
      {"How full are descriptors and buffers?",
       {"reactord_descriptors_open ", "reactord_descriptors_limit ", "reactord_buffer_bytes ",
        "reactord_buffer_limit_bytes "}},
      {"What waits at the gate?", {"waiting"}},
      {"Are the workers healthy?", {"upper", "serving"}},
      {"How long has it been up?", {"uptime"}},
      {"What is in force?", {"max-connections", "default"}},
  };
  Configured configured(
      "listen = line@unix:DIRl\nlisten = echo@unix:DIRe\nlisten = upper@unix:DIRu\ncontrol = "
      "unix:DIRc\nmax-line = 64B\n"
      "program = upper workers=1 /bin/cat\n");
  Process& daemon = configured.process();
  daemon.wait_for_log({"event=program-started"});
  const std::string socket = configured.address("c");
  Client idle(configured.address("l")), asks(configured.address("u"));
  CHECK(idle.ask("x") == "Server: x");
  // It sends and does not read, until its answers wait.
  Client slow(configured.address("e"));
  slow.send_until_stuck(std::string(8 * 1024 * 1024, 'x'));
  Client cut(configured.address("l"));
  cut.send(std::string(100, 'x') + "\n");
  const std::string ended = number_behind(daemon.wait_for_log({"cause=line-too-long"}), " id=");
  const std::string number = number_behind(typed("reactordctl connections protocol=line", socket), "\n");
  typed("reactordctl limits idle-timeout 50s", socket);

  std::optional<Process> watching;
  const auto rows = questions();
  CHECK(rows.size() == answers.size());
  for (const Question& row : rows) {
    CAPTURE(row.question);
    REQUIRE(answers.contains(row.question));
    const bool is_of_ended = row.command.find("ended") != row.command.npos;
    const std::string command = replaced(row.command, " 7", ' ' + (is_of_ended ? ended : number));
    if (row.question == "Watch one.") {  // until the connection ends, which the next row sees to
      test::Launch launch;
      launch.program = "REACTORDCTL";
      watching.emplace(std::vector<std::string>{"-s", socket, "trace", number}, 0, launch);
      daemon.wait_for_log({"event=trace", "id=" + number});
      continue;
    }
    const std::string answer = typed(command, socket);
    for (const std::string_view needle : answers.at(row.question)) {
      CAPTURE(answer);
      CHECK(answer.find(replaced(std::string(needle), "#", number)) != answer.npos);
    }
  }
  REQUIRE(watching.has_value());
  CHECK(watching->output().find(" ended: killed\n") != std::string::npos);
  CHECK(watching->wait() == 0);
  slow.reset();
  CHECK(daemon.stop() == 0);
}

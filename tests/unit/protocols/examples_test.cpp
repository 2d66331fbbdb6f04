// The examples of docs/protocols.md do what the page says, and the page shows them as they are. So does docs/programs.md,
// whose examples tests/examples/run_workers runs.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "protocols/table.hpp"
#include "reactord/server.hpp"
#include "support/loopback.hpp"

namespace reactord {
Handler upper_protocol();
Handler counter_protocol();
Handler frame_protocol();
Handler later_protocol();
Handler login_protocol();
}  // namespace reactord

using reactord::Reactor;
using reactord::Server;
using reactord::Task;
using namespace std::chrono_literals;

namespace {

struct ExampleStage : test::Stage {
  explicit ExampleStage(reactord::Handler handler) {
    auto listening = server.listen("127.0.0.1:0", handler, "example");
    REQUIRE(listening.has_value());
    address = *listening;
  }
  Server server{reactor};
  reactord::Address address;
  std::string says = "a\r\nBc d\n\ntail";
  std::string transcript;
};

// Two clients, each of which sends the same lines and reads to the end.
Task<> talk(ExampleStage& stage) {
  for (int client = 0; client < 2; ++client) {
    auto peer = test::Peer::connect(stage.address);
    peer.send(stage.says);
    peer.finish();
    auto answers = co_await test::read_to_end(stage.reactor, peer);
    stage.transcript += answers;
    CHECK(peer.error() == 0);
  }
  stage.server.drain(1s);
}

std::string transcript_of(reactord::Handler handler, std::string says = {}) {
  ExampleStage stage(handler);
  if (!says.empty()) stage.says = says;
  test::run(stage.reactor, talk(stage));
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK(stage.server.accepted() == 2);
  CHECK(stage.server.ended(reactord::EndCause::eof) + stage.server.ended(reactord::EndCause::finished) == 2);
  return stage.transcript;
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  CAPTURE(path);
  REQUIRE(file.is_open());
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  REQUIRE(!text.empty());
  return text;
}

}  // namespace

TEST_CASE("upper answers each line in upper case") {
  CHECK(transcript_of(reactord::upper_protocol()) == "A\nBC D\n\nTAIL\nA\nBC D\n\nTAIL\n");
}

TEST_CASE("counter numbers the lines of each connection from one") {
  CHECK(transcript_of(reactord::counter_protocol()) == "1 a\n2 Bc d\n3 \n4 tail\n1 a\n2 Bc d\n3 \n4 tail\n");
}

TEST_CASE("login lets in who knows the password, asks three times, and hands over to bytes") {
  const std::string asks = "password of 127.0.0.1?\n";
  const auto twice = [](const std::string& text) { return text + text; };
  CHECK(transcript_of(reactord::login_protocol(), "x\ntulip\nhello\n") ==
        twice(asks + "wrong\nwelcome\nyou said hello\n"));
  CHECK(transcript_of(reactord::login_protocol(), "x\ny\nz\ntulip\n") ==
        twice(asks + "wrong\nwrong\nwrong\n"));
  CHECK(transcript_of(reactord::login_protocol(), "tulip\nbytes\na\r\nno line") ==
        twice(asks + "welcome\nyou said bytes\na\r\nno line"));
}

TEST_CASE("later answers in the order of the lines") {
  const std::string answers = "done: 0\ndone: x\ndone: 00\n";
  CHECK(transcript_of(reactord::later_protocol(), "0\nx\n00") == answers + answers);
}

TEST_CASE("frame returns whole frames, and drops a part of one") {
  using namespace std::string_literals;
  const std::string frames = "\0\3abc\0\0\1\0"s + std::string(256, 'x');
  CHECK(transcript_of(reactord::frame_protocol(), frames + "\0\2y"s) == frames + frames);
}

TEST_CASE("docs/protocols.md shows every example as it is") {
  const std::string page = contents_of("docs/protocols.md");
  for (const char* example : {"upper.cpp", "counter.cpp", "login.cpp", "later.cpp", "frame.cpp",
                              "server/server.cpp", "upper_test.cpp", "mask_test.cpp"}) {
    CAPTURE(example);
    const std::string code = contents_of(std::string("tests/examples/") + example);
    CHECK(page.find("```cpp\n" + code + "```\n") != std::string::npos);
  }
}

TEST_CASE("docs/programs.md shows every worker as it is") {
  const std::string page = contents_of("docs/programs.md");
  const std::pair<const char*, const char*> workers[] = {
      {"kv.py", "python"}, {"kv.pl", "perl"}, {"kv.sh", "bash"},      {"kv.awk", "awk"},
      {"kv.c", "c"},       {"kv.go", "go"},   {"blocks.py", "python"}};
  for (const auto& [file, language] : workers) {
    CAPTURE(file);
    const std::string code = contents_of(std::string("tests/examples/workers/") + file);
    CHECK(page.find(std::string("```") + language + "\n" + code + "```\n") != std::string::npos);
  }
}

TEST_CASE("the complete server has at most twenty lines") {
  const std::string code = contents_of("tests/examples/server/server.cpp");
  CHECK(std::count(code.begin(), code.end(), '\n') <= 20);
}

// The examples of docs/protocols.md do what the page says, and the page shows them as they are.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <variant>

#include "protocols/table.hpp"
#include "reactord/server.hpp"
#include "support/loopback.hpp"

namespace reactord {
Handler upper_protocol();
Handler counter_protocol();
}  // namespace reactord

using reactord::Reactor;
using reactord::Server;
using reactord::Task;
using namespace std::chrono_literals;

namespace {

struct Stage {
  explicit Stage(reactord::Handler handler) {
    auto listening =
        std::visit([this](auto* one) { return server.listen("127.0.0.1:0", *one, "example"); }, handler);
    REQUIRE(listening.has_value());
    address = *listening;
  }
  test::DescriptorCheck descriptors;
  reactord::VirtualClock clock;
  Reactor reactor{clock};
  Server server{reactor};
  reactord::Address address;
  std::string transcript;
};

// Two clients, each of which sends the same lines and reads to the end.
Task<> talk(Stage& stage) {
  for (int client = 0; client < 2; ++client) {
    auto peer = test::Peer::connect(stage.address);
    peer.send("a\r\nBc d\n\ntail");
    peer.finish();
    auto answers = co_await test::read_to_end(stage.reactor, peer);
    stage.transcript += answers;
    CHECK(peer.error() == 0);
  }
  stage.server.drain(1s);
}

std::string transcript_of(reactord::Handler handler) {
  Stage stage(handler);
  test::run(stage.reactor, talk(stage));
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK(stage.server.accepted() == 2);
  CHECK(stage.server.ended(reactord::EndCause::eof) == 2);
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

TEST_CASE("docs/protocols.md shows every example as it is") {
  const std::string page = contents_of("docs/protocols.md");
  for (const char* example :
       {"upper.cpp", "counter.cpp", "server/server.cpp", "upper_test.cpp", "mask_test.cpp"}) {
    CAPTURE(example);
    const std::string code = contents_of(std::string("tests/examples/") + example);
    CHECK(page.find("```cpp\n" + code + "```\n") != std::string::npos);
  }
}

TEST_CASE("the complete server has at most twenty lines") {
  const std::string code = contents_of("tests/examples/server/server.cpp");
  CHECK(std::count(code.begin(), code.end(), '\n') <= 20);
}

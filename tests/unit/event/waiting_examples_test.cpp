// The examples of docs/library.md do what the page says, and the page shows them as they are.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/running.hpp"
#include "reactord/channel.hpp"
#include "reactord/event.hpp"
#include "reactord/semaphore.hpp"

namespace reactord {
Task<> say_when_loaded(Event& loaded, Context& context, std::string& said);
Task<> produce(Channel<std::string>& lines, Context& context);
Task<std::string> consume(Channel<std::string>& lines, Context& context);
Task<Result<int>> look_up(Semaphore& lookups, Context& context, int number);
Task<> sum_up(Reactor& reactor, int& sum);
Task<Result<void>> square_all(Context& context, std::vector<int>& numbers);
Task<Result<int>> both(Semaphore& lookups, Context& context);
Task<Result<int>> in_time(Semaphore& lookups, Context& context, Duration time);
Task<Result<int>> whichever(Semaphore& one, Semaphore& other, Context& context);
}  // namespace reactord

using reactord::Context;
using reactord::Reactor;
using reactord::Semaphore;
using reactord::Task;
using reactord::VirtualClock;
using namespace std::chrono_literals;

namespace {

Task<> tell(Reactor& reactor, Context& context) {
  reactord::Event loaded(reactor);
  std::string said;
  reactor.spawn(say_when_loaded(loaded, context, said));
  for (int turn = 0; turn < 3; ++turn) co_await reactor.next_turn();
  CHECK(said.empty());
  loaded.set();
  for (int turn = 0; turn < 3; ++turn) co_await reactor.next_turn();
  CHECK(said == "loaded");
}

Task<> hand_on(Reactor& reactor, Context& context) {
  reactord::Channel<std::string> lines(reactor, 2);
  reactor.spawn(produce(lines, context));
  auto all = co_await consume(lines, context);
  CHECK(all == "onetwothree");
}

Task<> add_and_join(Reactor& reactor, Context& context) {
  int sum = 0;
  co_await sum_up(reactor, sum);
  CHECK(sum == 6);
  Semaphore lookups(reactor, 2);
  const auto began = reactor.now();
  auto squares = co_await both(lookups, context);
  CHECK((squares && *squares == 25));
  CHECK(reactor.now() - began < 1010ms);  // both at once
  CHECK(lookups.available() == 2);
}

Task<> in_a_group(Reactor& reactor, Context& context) {
  std::vector<int> numbers = {1, 2, 3};
  const auto began = reactor.now();
  auto squared = co_await square_all(context, numbers);
  CHECK(squared.has_value());
  CHECK(numbers == std::vector<int>{1, 4, 9});
  CHECK(reactor.now() - began == 2s);  // two at a time
}

Task<> in_time_or_not(Reactor& reactor, Context& context) {
  Semaphore lookups(reactor, 1), other(reactor, 1);
  auto late = co_await in_time(lookups, context, 500ms);
  CHECK((!late && late.error().timeout()));
  auto number = co_await in_time(lookups, context, 2s);
  CHECK((number && *number == 25));
  auto taken = lookups.try_acquire();
  auto first = co_await whichever(lookups, other, context);
  CHECK((first && *first == 49));
}

void run(Task<> (*body)(Reactor& reactor, Context& context)) {
  VirtualClock clock;
  Reactor reactor(clock);
  Context context(reactor);
  test::run(reactor, body(reactor, context));
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  CAPTURE(path);
  REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> blocks_of(const std::string& page, const std::string& language) {
  const std::string begin = "```" + language + "\n", end = "\n```\n";
  std::vector<std::string> blocks;
  for (std::size_t at = page.find(begin); at != std::string::npos; at = page.find(begin, at)) {
    at += begin.size();
    blocks.push_back(page.substr(at, page.find(end, at) - at));
  }
  return blocks;
}

std::size_t tasks_of(const std::string& code) {
  std::size_t count = 0;
  for (std::size_t at = code.find("\nTask<"); at != std::string::npos; at = code.find("\nTask<", at + 1))
    ++count;
  return count;
}

std::string section_of(const std::string& page, const std::string& title) {
  const std::size_t from = page.find("\n## " + title + "\n");
  REQUIRE(from != std::string::npos);
  return page.substr(from, page.find("\n## ", from + 1) - from);
}

}  // namespace

TEST_CASE("examples of waiting: an event tells") { run(tell); }
TEST_CASE("examples of waiting: a channel hands on") { run(hand_on); }
TEST_CASE("examples of waiting: tasks are waited for and joined") { run(add_and_join); }
TEST_CASE("examples of waiting: a group has ended") { run(in_a_group); }
TEST_CASE("examples of waiting: in time, or the first") { run(in_time_or_not); }

TEST_CASE("docs/library.md shows of waiting only code of tests/examples, as it is, and all of it") {
  const std::string whole = contents_of("docs/library.md");
  const std::string page = section_of(whole, "Waiting for each other") + section_of(whole, "Coming from Go");
  const std::string code = contents_of("tests/examples/waiting.cpp");
  const std::string beside_go = contents_of("tests/examples/programs/go_line.cpp");
  std::size_t blocks = 0, of_go_line = 0;
  for (const std::string& block : blocks_of(page, "cpp")) {
    CAPTURE(block);
    const bool is_of_go_line = beside_go.find("\n" + block + "\n\n") != std::string::npos;
    CHECK((is_of_go_line || code.find("\n\n" + block + "\n\n") != std::string::npos));
    ++(is_of_go_line ? of_go_line : blocks);
  }
  CHECK(of_go_line == tasks_of(beside_go));
  CHECK(blocks == tasks_of(code));
  CHECK(blocks > 0);
}

TEST_CASE("docs/library.md shows the Go text that stands in its example") {
  const std::string beside_go = contents_of("tests/examples/programs/go_line.cpp");
  const std::vector<std::string> blocks = blocks_of(contents_of("docs/library.md"), "go");
  for (std::string block : blocks) {
    for (std::size_t at = 0; at != std::string::npos; at = block.find('\n', at + 1))
      block.insert(at + (at > 0), "// ");
    CAPTURE(block);
    CHECK(beside_go.find("\n" + block + "\nTask<") != std::string::npos);
  }
  CHECK(blocks.size() == tasks_of(beside_go));
}

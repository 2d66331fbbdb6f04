// The example of threads in docs/library.md does what the page says, and the page shows it as it is.
#include <doctest/doctest.h>

#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <thread>

#include "reactord/workers.hpp"
#include "support/loopback.hpp"
#include "support/process.hpp"
#include "support/signal_mask.hpp"

namespace reactord {
Result<std::uint64_t> greet_on_threads(Workers& workers, std::string_view address);
}

namespace {

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  CAPTURE(path);
  REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string free_address() {
  reactord::Reactor reactor;
  auto listener = reactord::listen(reactor, "tcp", "127.0.0.1:0");
  REQUIRE(listener.has_value());
  return listener->local_addr().text();
}

}  // namespace

TEST_CASE("the example of threads greets on all of them, and counts") {
  const test::SignalMask mask;
  const std::string address = free_address();
  reactord::Workers workers({.threads = 3});
  std::promise<void> serves;
  workers.post(0, [&serves](reactord::Server&) { serves.set_value(); });
  std::string answers;
  std::thread beside([&] {
    serves.get_future().wait();
    try {
      for (int client = 0; client < 10; ++client) answers += test::Client(address).ask("Ada") + ' ';
    } catch (const std::exception& failure) {
      answers += failure.what();
    }
    workers.stop();
  });
  auto greeted = reactord::greet_on_threads(workers, address);
  beside.join();
  REQUIRE(greeted.has_value());
  CHECK(*greeted == 10);
  std::string expected;
  for (int client = 0; client < 10; ++client) expected += "Hello, Ada ";
  CHECK(answers == expected);
}

TEST_CASE("docs/library.md shows the example of threads as it is") {
  const std::string page = contents_of("docs/library.md"), code = contents_of("tests/examples/threads.cpp");
  CHECK(page.find("```cpp\n" + code + "```\n") != std::string::npos);
}

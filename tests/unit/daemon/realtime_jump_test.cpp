// The time of day is not what deadlines are made of: it may jump as it likes, and only what the log writes shows it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <set>
#include <string>

#include "daemon/log.hpp"
#include "reactord/server.hpp"
#include "support/jumping_clock.hpp"
#include "support/loopback.hpp"
#include "support/process.hpp"

using reactord::EndCause;
using reactord::Log;
using reactord::LogLevel;
using reactord::Reactor;
using reactord::Server;
using reactord::Task;
using reactord::Time;
using namespace std::chrono_literals;

namespace {

constexpr reactord::Duration idle_timeout = 200ms;
constexpr reactord::Duration much_later = 10s;  // a busy machine is late, an hour is far more

struct Echo final : reactord::LineHandler {
  void on_line(std::string_view line, reactord::Reply& reply) override { reply.write(line, "\n"); }
};

struct Observer final : reactord::ServerObserver {
  explicit Observer(Log& to) : log(to) {}
  void on_closed(const reactord::ConnectionEnd& end) override {
    log.line(LogLevel::info, "closed")
        .add("cause", to_string(end.cause))
        .add_seconds("seconds", end.duration);
    cause = end.cause;
    duration = end.duration;
    server->drain(1s);
  }
  Log& log;
  Server* server = nullptr;
  EndCause cause{};
  reactord::Duration duration{0};
};

Task<> log_each_turn(Reactor& reactor, Log& log, int lines) {
  for (int line = 0; line < lines; ++line) {
    log.line(LogLevel::info, "tick");
    auto slept = co_await reactor.sleep(1ms);
    CHECK(slept.has_value());
  }
}

// Silent for twice the idle timeout; by then the server has said good-bye.
Task<> leave_late(Reactor& reactor, test::Peer& peer) {
  auto slept = co_await reactor.sleep(2 * idle_timeout);
  CHECK(slept.has_value());
  peer.close();
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> bytes{};
  while (true) {
    const ssize_t count = ::read(fd, bytes.data(), bytes.size());
    if (count <= 0) return text;
    text.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

// The hours that the lines of a log were written at.
std::set<std::string> hours_of(const std::string& log) {
  std::set<std::string> hours;
  for (std::size_t at = log.find("time="); at != std::string::npos; at = log.find("time=", at + 1)) {
    hours.insert(log.substr(at, sizeof "time=2000-01-01T00" - 1));
  }
  return hours;
}

}  // namespace

TEST_CASE("while the time of day jumps by hours, an idle connection ends at its time and the log goes on") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const test::Descriptor reader(ends[0]), writer(ends[1]);
  const test::DescriptorCheck descriptors;
  const test::JumpingClock jumping;
  Reactor reactor;  // on the machine's clock
  const reactord::WatchHandle<Log> log = Log::open(reactor, writer.get(), LogLevel::info);
  Observer observer(*log);
  Echo echo;
  Server server(reactor, {.limits = {.idle_timeout = idle_timeout}, .observer = &observer});
  observer.server = &server;
  const auto address = server.listen("127.0.0.1:0", echo);
  REQUIRE(address.has_value());
  const Time before = reactord::monotonic_now();
  test::Peer silent = test::Peer::connect(*address);
  reactor.spawn(leave_late(reactor, silent));
  test::run(reactor, log_each_turn(reactor, *log, 20));
  const reactord::Duration passed = reactord::monotonic_now() - before;
  CHECK(observer.cause == EndCause::idle);
  CHECK(observer.duration >= idle_timeout);
  CHECK(passed < much_later);
  log->flush();
  CHECK(jumping.jumps() >= 21);
  const std::string text = read_all(reader.get());
  CHECK(text.find("event=closed cause=idle") != std::string::npos);
  CHECK(hours_of(text).size() >= 10);
}

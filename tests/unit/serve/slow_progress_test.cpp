// A peer that reads slowly, but reads, makes progress, also while the kernel takes nothing more because its buffer is too
// full: progress is what the peer has acknowledged. And the time without any may be as long as a Duration holds.
#include <doctest/doctest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <string>
#include <vector>

#include "support/server_stage.hpp"
#include "traps/trap.hpp"

using namespace traps;
using test::RecordingObserver;
using test::ServerStage;

namespace {

struct Pace {
  Transport transport;
  std::size_t piece;  // read in each step: less than the kernel frees before it takes more
  std::size_t bytes;  // of the whole answer
};
constexpr Pace paces[] = {{Transport::tcp, 40'000, 1'000'000}, {Transport::unix_socket, 20'000, 600'000}};

class OneAnswer final : public LineHandler {
 public:
  explicit OneAnswer(std::size_t size) : answer_(size, 'A') {}

 private:
  void on_line(std::string_view, Reply& reply) override { reply.write(answer_); }
  std::string answer_;
};

class OneAnswerAsStream final : public StreamHandler {
 public:
  explicit OneAnswerAsStream(std::size_t size) : answer_(size, 'A') {}

 private:
  Task<> serve(Conn& conn, Context&) override { auto written = co_await conn.write(answer_); }
  std::string answer_;
};

// A link whose kernels hold about a megabyte at most, and the server's descriptor.
test::Link narrow_link(Reactor& reactor, Transport transport, int& fd) {
  test::Link link = test::connect(reactor, transport, {.receive_buffer = 32 * 1024});
  fd = descriptor_of(link.conn);
  constexpr int send_buffer = 256 * 1024;
  REQUIRE(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer) == 0);
  return link;
}

int outstanding(int fd) {
  int count = 0;
  if (::ioctl(fd, SIOCOUTQ, &count) != 0) return 0;  // it has been closed
  return count;
}

// Reads `piece` bytes, lets the news of it arrive at `server_fd`, and lets `pause` pass; and so on to the end.
Task<> read_steadily(Reactor& reactor, Peer& peer, int server_fd, std::size_t piece, Duration pause,
                     std::size_t& received) {
  while (!peer.at_end()) {
    const int before = outstanding(server_fd);
    std::size_t count = 0;
    while (count < piece && !peer.at_end()) {
      const std::string bytes = peer.receive(piece - count);
      if (bytes.empty()) break;
      count += bytes.size();
    }
    received += count;
    const Time patience = monotonic_now() + 60ms;  // an acknowledgement may be delayed for 40 ms
    while (!peer.at_end() && outstanding(server_fd) >= before && monotonic_now() < patience)
      co_await reactor.next_turn();
    auto slept = co_await reactor.sleep(pause);
    if (!slept) break;
  }
  peer.close();
}

// How a session ends whose client reads its answer steadily.
template <typename Handler>
std::string end_of(const Pace& pace, const Limits& limits, std::string_view question) {
  VirtualClock clock;
  Reactor reactor(clock);
  RecordingObserver observer;
  Handler handler(pace.bytes);
  Server server(reactor, {.limits = limits, .observer = &observer});
  int fd = -1;
  test::Link link = narrow_link(reactor, pace.transport, fd);
  link.peer.send(question);
  server.serve(std::move(link.conn), handler);
  if (!question.empty()) link.peer.finish();
  std::size_t received = 0;
  test::run(reactor, read_steadily(reactor, link.peer, fd, pace.piece, 1s, received));
  CHECK(received == pace.bytes);
  CHECK(link.peer.error() == 0);
  REQUIRE(observer.ends.size() == 1);
  return observer.causes().front();
}

}  // namespace

TEST_CASE("slow progress: who reads steadily is no slow reader, whatever the kernel still holds") {
  Limits limits;
  limits.write_timeout = 3s;
  limits.output.hard = 0;
  for (const Pace& pace : paces) {
    CHECK(end_of<OneAnswer>(pace, limits, "?\n") == "eof");
    CHECK(end_of<OneAnswerAsStream>(pace, limits, "") == "finished");
  }
}

TEST_CASE("slow progress: nor is a stream idle that is read steadily") {
  Limits limits;
  limits.idle_timeout = 3s;
  for (const Duration write_timeout : {Duration(0s), Duration(30s)}) {
    limits.write_timeout = write_timeout;
    for (const Pace& pace : paces) CHECK(end_of<OneAnswerAsStream>(pace, limits, "") == "finished");
  }
}

TEST_CASE("slow progress: a close goes on while the peer reads") {
  for (const Pace& pace : paces) {
    VirtualClock clock;
    Reactor reactor(clock);
    int fd = -1;
    test::Link link = narrow_link(reactor, pace.transport, fd);
    const std::string bytes(pace.bytes, 'B');
    static constexpr auto say = [](Conn& conn, std::string_view words, bool& sent_all) -> Task<> {
      auto operation = conn.write(words);
      CHECK(conn.set_write_deadline(conn.reactor().now() + 1ms).has_value());
      auto written = co_await operation;
      CHECK_FALSE(written.has_value());
      CHECK(conn.set_write_deadline(Time::never()).has_value());
      words.remove_prefix(operation.taken_over());
      auto rest = co_await conn.write(words.substr(0, Conn::high_watermark));
      CHECK(rest.has_value());
      auto finished = co_await conn.finish();
      sent_all = finished.has_value();
      if (!sent_all) MESSAGE(finished.error().text());
    };
    bool sent_all = false;
    std::size_t received = 0;
    reactor.spawn(say(link.conn, bytes, sent_all));
    test::run(reactor, read_steadily(reactor, link.peer, fd, pace.piece, Conn::send_timeout / 3, received));
    CHECK(sent_all);
    CHECK(link.peer.error() == 0);
    CHECK(received == link.conn.bytes_written());
  }
}

TEST_CASE(
    "slow progress: who stops reading is a slow reader write_timeout after the last byte he took, and little "
    "later") {
  Limits limits;
  limits.write_timeout = 3s;
  limits.idle_timeout = 0s;
  limits.output.hard = 0;
  for (const Pace& pace : paces) {
    VirtualClock clock;
    Reactor reactor(clock);
    RecordingObserver observer;
    OneAnswer handler(pace.bytes);
    Server server(reactor, {.limits = limits, .observer = &observer});
    int fd = -1;
    test::Link link = narrow_link(reactor, pace.transport, fd);
    link.peer.send("?\n");
    const Time before = reactor.now();
    server.serve(std::move(link.conn), handler);
    test::run(
        reactor,
        [](Reactor& on, RecordingObserver& for_end) -> Task<> {
          // Time stands still until the kernels have moved what they move by themselves.
          const Time patience = monotonic_now() + 300ms;
          while (monotonic_now() < patience) co_await on.next_turn();
          while (for_end.ends.empty()) {
            auto slept = co_await on.sleep(1ms);
            if (!slept) break;
          }
        },
        observer);
    CHECK(reactor.now() - before >= 3s);
    CHECK(reactor.now() - before <= 3s + Duration(3s) / 32);
    CHECK(observer.causes() == std::vector<std::string>{"slow-reader"});
  }
}

TEST_CASE("slow progress: a write timeout of ten years is ten years") {
  constexpr Duration ten_years = 10 * 365 * 24h;
  Limits limits;
  limits.idle_timeout = limits.line_timeout = 0s;
  for (const Duration timeout : {Duration(24h * 24), Duration(24h * 25), Duration(24h * 50), ten_years}) {
    limits.write_timeout = timeout;
    ServerStage served(limits);
    Conn client = served.client();
    served.run(
        [](ServerStage& on, Conn& from) -> Task<> {
          for (int question = 0; question < 20; ++question) co_await test::say(from, "big\n");
          while (on.observer.causes().empty()) co_await test::pass(on.reactor, 24h);
        },
        client);
    CHECK(served.elapsed() >= timeout);
    CHECK(served.elapsed() <= timeout + 24h);
    CHECK(served.observer.causes() == std::vector<std::string>{"slow-reader"});
  }
}

TEST_CASE("slow progress: nor does a close with a limit of weeks end early") {
  // Conn::send_timeout is what a Conn has; a session's is its write timeout.
  Limits limits;
  limits.idle_timeout = 1s;
  limits.write_timeout = 24h * 30;
  ServerStage served(limits);
  Conn client = served.client();
  served.run(
      [](ServerStage& on, Conn& from) -> Task<> {
        for (int question = 0; question < 4; ++question) co_await test::say(from, "big\n");
        while (on.observer.causes().empty()) co_await test::pass(on.reactor, 1h);
      },
      client);
  CHECK(served.elapsed() >= 24h * 30);
  CHECK(served.elapsed() <= 24h * 30 + 1h + 2s);
}

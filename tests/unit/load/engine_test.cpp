// The engine of the load generator over loopback, against a Server in the same loop; and its parts that need no socket.
#include "load/engine/engine.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "load/crew/worker.hpp"
#include "load/result/slo_search.hpp"
#include "reactord/server.hpp"
#include "support/cost.hpp"
#include "support/loopback.hpp"

using namespace std::chrono_literals;
using namespace reactord;
using namespace reactord::load;
using load::Exchange;
using load::LoadOptions;

namespace {

LoadOptions parsed(std::vector<std::string> words) {
  words.insert(words.begin(), "reactord-load");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  auto options = load::parse_load_options(static_cast<int>(words.size()), arguments.data());
  if (!options) FAIL(options.error());
  return std::move(*options);
}

// Lines are answered as the protocol "line" does it, but for every so-manieth.
class Lines final : public LineHandler {
 public:
  explicit Lines(unsigned wrong_every = 0) : wrong_every_(wrong_every) {}

 private:
  void on_line(std::string_view line, Reply& reply) override {
    if (wrong_every_ > 0 && ++lines_ % wrong_every_ == 0) return;
    reply.write("Server: ", line, "\n");
  }
  unsigned wrong_every_, lines_ = 0;
};

struct EngineStage : load::EngineObserver {
  explicit EngineStage(unsigned wrong_every = 0) : lines(wrong_every), server(reactor, {}) {
    auto address = server.listen("127.0.0.1:0", lines);
    REQUIRE(address.has_value());
    target = "line@" + address->text();
  }

  LoadResult run(std::vector<std::string> words) {
    words.push_back(target);
    options = parsed(std::move(words));
    engine.emplace(reactor, options, *this);
    reactor.spawn(play());
    const auto ran = reactor.run();
    CHECK(ran.has_value());
    CHECK(reactor.live_tasks() == 0);
    return std::move(result);
  }

  Task<> play() {
    co_await engine->open();
    auto measured = co_await engine->measure(reactor.now());
    result = std::move(measured);
    server.drain(1s);
  }

  void on_opening(const LoadSecond&) override {}
  void on_warm_up(const LoadSecond&) override {}
  void on_second(const LoadSecond& second, const Histogram& responses) override {
    CHECK(second.max == responses.max());
    ++seconds;
  }

  Reactor reactor;
  Lines lines;
  Server server;
  std::string target;
  LoadOptions options;
  std::optional<load::Engine> engine;
  LoadResult result;
  int seconds = 0;
};

struct Talk {
  explicit Talk(std::size_t depth) : texts{send, &expect, 1, depth, pool}, exchange(texts, 3) {}
  bool take(std::string_view bytes) {
    return exchange.receive(bytes,
                            [this](const Exchange::Pending&, std::size_t count) { answered += count; });
  }
  BufferPool pool;
  Template send = *Template::parse("a {seq}\\n", "."), expect = *Template::parse("b {seq}\\n", ".");
  Exchange::Templates texts;
  Exchange exchange;
  Buffer out;
  std::size_t answered = 0;
};

}  // namespace

TEST_SUITE("load engine") {
  TEST_CASE("a closed loop keeps its connections busy, and everything it sent is answered") {
    const test::DescriptorCheck descriptors;
    EngineStage stage;
    const LoadResult result = stage.run({"-c", "5", "-P", "4", "-d", "100ms"});
    CHECK(result.requests > 50);
    CHECK(result.errors.empty());
    CHECK(result.connections_opened == 5);
    CHECK(result.service.count() == result.sent);
    CHECK(result.in_flight_at_end <= 20);
    CHECK(stage.seconds == 1);
  }

  TEST_CASE("an open loop sends what is due, and measures it from then on") {
    const test::DescriptorCheck descriptors;
    EngineStage stage;
    const LoadResult result = stage.run({"-c", "5", "-R", "1000", "-d", "200ms", "--warmup", "50ms"});
    // What a busy machine kept it from sending in time is told, and not forgotten.
    const auto overdue = result.errors.find("send overdue");
    const std::uint64_t unsent = overdue == result.errors.end() ? 0 : overdue->second.count;
    CHECK(result.sent + unsent >= 195);
    CHECK(result.sent + unsent <= 205);
    CHECK(result.response.count() == result.sent + unsent);
    CHECK(result.unanswered == unsent);
    CHECK(result.lateness.count() == result.sent);
    CHECK(result.errors.size() == (unsent > 0 ? 1 : 0));
  }

  TEST_CASE("idle connections are held beside the others") {
    const test::DescriptorCheck descriptors;
    EngineStage stage;
    const LoadResult result = stage.run({"-c", "1", "--hold", "100", "-d", "50ms"});
    CHECK(result.connections_opened == 101);
    CHECK(result.seconds.back().open_connections == 101);
    CHECK(result.errors.empty());
  }

  TEST_CASE("a reply that is left out is found by the next one") {
    EngineStage stage(50);
    const LoadResult result = stage.run({"-c", "1", "-P", "8", "-d", "50ms"});
    CHECK(result.has_wrong_replies());
  }

  TEST_CASE("replies are right in any pieces") {
    Talk talk(8);
    talk.exchange.add_requests(Time(), Time(), 3, talk.out);
    CHECK(talk.out.view() == "a 0\na 1\na 2\n");
    for (const char* piece : {"b", " 0\nb", " 1\nb 2\n"}) CHECK(talk.take(piece));
    CHECK(talk.answered == 3);
    CHECK(talk.exchange.in_flight() == 0);
  }

  TEST_CASE("what is right before a wrong reply counts, and the mismatch says which it was") {
    Talk talk(8);
    talk.exchange.add_requests(Time(), Time(), 4, talk.out);
    CHECK_FALSE(talk.take("b 0\nb 2\n"));
    CHECK(talk.answered == 1);
    CHECK(talk.exchange.mismatch() ==
          "connection 3, request 1: expected \"b 1\\n\", got \"b 2\\n\", which is the reply to request 2: "
          "one was "
          "lost, or they are out of order");
  }

  TEST_CASE("a reply that nobody asked for is a mismatch") {
    Talk talk(8);
    talk.exchange.add_requests(Time(), Time(), 1, talk.out);
    CHECK_FALSE(talk.take("b 0\nb 0\n"));
    CHECK(talk.exchange.mismatch() ==
          "connection 3: got \"b 0\\n\" when every request had its reply, which is the reply to request 0: "
          "it came "
          "twice");
  }

  TEST_CASE("processes that share a rate are as evenly spread as one") {
    load::Schedule first(100, false, 1, 0, 2), second(100, false, 1, 1, 2);
    first.start(Time());
    second.start(Time());
    for (int i = 0; i < 5; ++i) {
      CHECK(first.next() == Time() + i * 10ms);
      CHECK(second.next() == Time() + i * 10ms + 5ms);
      first.advance();
      second.advance();
    }
  }

  TEST_CASE("random arrivals have the rate that was asked for") {
    load::Schedule schedule(1000, true, 7);
    schedule.start(Time());
    for (int i = 0; i < 100'000; ++i) schedule.advance();
    CHECK(schedule.next().nanoseconds() > 98'000'000'000);
    CHECK(schedule.next().nanoseconds() < 102'000'000'000);
  }

  TEST_CASE("passing over what is due is as doing it one by one, and takes no longer for more") {
    for (const auto& [rate, process] : {std::pair{1000.0, 0u}, {999.0, 1u}, {0.5, 1u}, {7.0, 0u}}) {
      load::Schedule walked(rate, false, 1, process, 2), skipped(rate, false, 1, process, 2);
      walked.start(Time());
      skipped.start(Time());
      for (const Duration until :
           {0ns, 1ns, 500'000ns, Duration(1ms), Duration(1s), Duration(1s), Duration(61s)}) {
        std::uint64_t count = 0;
        for (; walked.next() < Time() + until; walked.advance()) ++count;
        CHECK(skipped.skip_until(Time() + until) == count);
        CHECK(skipped.next() == walked.next());
      }
    }
    load::Schedule many(100e6, false, 1);
    many.start(Time());
    CHECK(many.skip_until(Time() + 24h) == 8'640'000'000'000);
    CHECK(many.next() >= Time() + 24h);
  }

  TEST_CASE("a rate that is next to nothing overflows nothing") {
    for (const double rate : {1e-10, 1e-300, 5e-324}) {
      for (const bool poisson : {false, true}) {
        load::Schedule schedule(rate, poisson, 1, 1, 2);
        schedule.start(Time());
        CHECK(schedule.next() > Time() + 24h);
        schedule.advance();
        CHECK(schedule.next() > Time() + 24h);
        CHECK(schedule.skip_until(Time() + 24h) == 0);
      }
    }
  }

  TEST_CASE("a mismatch amid many requests in flight is told at once") {
    BufferPool pool;
    const Template send = *Template::parse("a\\n", "."),
                   expect = *Template::parse("{rand:4KiB}{seq}\\n", ".");
    const Exchange::Templates texts{send, &expect, 1, 50'000, pool};
    Exchange exchange(texts, 3);
    Buffer out;
    exchange.add_requests(Time(), Time(), 50'000, out);
    const double begun = test::cpu_seconds();
    CHECK_FALSE(exchange.receive("?", [](const Exchange::Pending&, std::size_t) {}));
    CHECK(exchange.mismatch().starts_with("connection 3, request 0: expected "));
    CHECK(test::cpu_seconds() - begun < 0.1);
  }

  TEST_CASE("passing over random arrivals has their rate, and ends behind the time") {
    load::Schedule schedule(1e6, true, 7);
    schedule.start(Time());
    std::uint64_t count = 0;
    for (int second = 1; second <= 100; ++second) {
      count += schedule.skip_until(Time() + second * 1s);
      CHECK(schedule.next() >= Time() + second * 1s);
      CHECK(schedule.skip_until(Time() + second * 1s) == 0);
    }
    CHECK(count > 99'900'000);
    CHECK(count < 100'100'000);
  }

  TEST_CASE("shares add up to the whole, and every connection has a number of its own") {
    const LoadOptions whole = parsed({"-c", "10", "-t", "3", "--hold", "4", "-R", "90", "line@127.0.0.1:1"});
    std::uint64_t next = 0;
    double rate = 0;
    for (std::uint64_t index = 0; index < 3; ++index) {
      const LoadOptions share = load::share_of(whole, index);
      CHECK(share.first_connection == next);
      next += share.connections + share.hold;
      rate += share.rate;
    }
    CHECK(next == 14);
    CHECK(rate == doctest::Approx(90));
  }

  TEST_CASE("the search doubles until it breaks, then bisects to the knee") {
    load::SloSearch search(1000);
    int tries = 0;
    for (; !search.is_over(); ++tries) search.tried(search.next() <= 6600);
    CHECK(search.knee() <= 6600);
    CHECK(search.knee() > 6600 / 1.06);
    CHECK(search.broken() > 6600);
    CHECK(tries < 12);
    load::SloSearch hopeless(8);
    while (!hopeless.is_over()) hopeless.tried(false);
    CHECK(hopeless.knee() == 0);
  }
}

// What is particular to a buffered pipe: it takes bytes over, ends as a socket does, and breaks off as one.
#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <string>

#include "reactord/pipe.hpp"
#include "support/pipe_stage.hpp"

using reactord::Conn;
using reactord::Task;
using reactord::Time;
using namespace std::chrono_literals;
using namespace test::pipes;

TEST_CASE("a buffered pipe takes writes over up to the watermark, and waits beyond it") {
  PipeStage stage(reactord::buffered_pipe);
  stage.run([](PipeStage& on) -> Task<> {
    const std::string fits(Conn::high_watermark, 'f');
    auto taken = co_await on.one.write(fits);
    CHECK(taken.has_value());
    Outcome more;
    on.reactor.spawn(write_into(on.one, "more", more));
    co_await some_turns(on.reactor);
    CHECK(text_of(more) == "pending");
    std::string all, bytes;
    while (all.size() < fits.size() + 4) {
      Outcome read;
      Task<> reading = read_into(on.other, 10'000, bytes, read);
      co_await std::move(reading);
      REQUIRE((read && read->has_value()));
      all += bytes;
    }
    CHECK(all == fits + "more");
    co_await some_turns(on.reactor);
    CHECK(text_of(more) == "4");
  });
}

TEST_CASE("a buffered pipe that was closed is read to its end, and its errors are those of a socket") {
  PipeStage stage(reactord::buffered_pipe);
  stage.run([](PipeStage& on) -> Task<> {
    auto written = co_await on.one.write("last words");
    CHECK(written.has_value());
    CHECK(on.one.close().has_value());
    CHECK(on.one.close().error().text() == "close pipe: use of closed network connection");
    co_await some_turns(on.reactor);
    auto refused = co_await on.other.write("x");
    CHECK(refused.error().system_errno() == EPIPE);
    std::string bytes;
    Outcome read, end;
    Task<> reading = read_into(on.other, 64, bytes, read);
    co_await std::move(reading);
    CHECK(bytes == "last words");
    Task<> again = read_into(on.other, 64, bytes, end);
    co_await std::move(again);
    CHECK(text_of(end) == "EOF");
  });
}

TEST_CASE("an end that is aborted with bytes unsent is a reset to the other, and an orderly end without") {
  for (const bool unsent : {true, false}) {
    PipeStage stage(reactord::buffered_pipe);
    stage.run(
        [](PipeStage& on, bool with_bytes) -> Task<> {
          if (with_bytes) {
            auto written = co_await on.one.write("dropped");
            CHECK(written.has_value());
          }
          on.one.abort();
          std::array<char, 16> room{};
          auto read = co_await on.other.read(room);
          CHECK(read.error().is_reset() == with_bytes);
          CHECK(read.error().is_eof() == !with_bytes);
        },
        unsent);
  }
}

TEST_CASE("half-close of a pipe, both ways") {
  for (auto* make : {reactord::pipe, reactord::buffered_pipe}) {
    PipeStage stage(make);
    stage.run([](PipeStage& on) -> Task<> {
      CHECK(on.one.close_write().has_value());
      std::array<char, 16> room{};
      auto end = co_await on.other.read(room);
      CHECK(end.error().is_eof());
      auto refused = co_await on.one.write("x");
      CHECK_FALSE(refused.has_value());
      Outcome written;
      on.reactor.spawn(write_into(on.other, "answer", written));
      auto answer = co_await on.one.read(room);
      REQUIRE(answer.has_value());
      CHECK(std::string_view(room.data(), *answer) == "answer");
      co_await some_turns(on.reactor);
      CHECK(text_of(written) == "6");
      CHECK(on.one.close_read().has_value());
      auto no_more = co_await on.one.read(room);
      CHECK(no_more.error().is_eof());
      auto nobody = co_await on.other.write("x");
      CHECK_FALSE(nobody.has_value());
    });
  }
}

// Only close() told the other end; letting go and finish() left its write waiting for half a minute.
TEST_CASE("an end of a buffered pipe that is let go with bytes unread ends the other's write at once") {
  PipeStage stage(reactord::buffered_pipe);
  stage.run([](PipeStage& on) -> Task<> {
    auto unread = co_await on.one.write("unread");
    CHECK(unread.has_value());
    Outcome written;
    on.reactor.spawn(write_into(on.other, std::string(200'000, 'x'), written));
    co_await some_turns(on.reactor);
    CHECK(text_of(written) == "pending");
    const Time before = on.reactor.now();
    { const Conn let_go = std::move(on.one); }
    co_await some_turns(on.reactor);
    REQUIRE((written && !written->has_value()));
    CHECK(written->error().system_errno() == EPIPE);
    CHECK(on.reactor.now() == before);
    on.other.abort();
  });
}

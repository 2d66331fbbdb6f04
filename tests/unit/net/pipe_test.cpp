// What is particular to pipes in memory: the rendezvous, the ends, and that everything else is as on a socket. The
// numbers are those of docs/semantics.md.
#include "reactord/pipe.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "reactord/line_reader.hpp"
#include "support/loopback.hpp"
#include "support/pipe_stage.hpp"

using reactord::Buffer;
using reactord::Conn;
using reactord::ErrorCode;
using reactord::Task;
using reactord::Time;
using namespace std::chrono_literals;
using namespace test::pipes;

namespace {

constexpr const char* closed_pipe = "io: read/write on closed pipe";

}  // namespace

TEST_CASE("[59] a write ends when the last of its bytes has been read, one byte at a time") {
  PipeStage stage;
  stage.run([](PipeStage& on) -> Task<> {
    Outcome written;
    on.reactor.spawn(write_into(on.one, "abc", written));
    std::string all;
    for (int step = 0; step < 3; ++step) {
      co_await some_turns(on.reactor);
      CHECK(text_of(written) == "pending");
      std::array<char, 1> room{};
      auto count = co_await on.other.read(room);
      REQUIRE((count && *count == 1));
      all += room[0];
    }
    co_await some_turns(on.reactor);
    CHECK(all == "abc");
    CHECK(text_of(written) == "3");
    CHECK(on.one.bytes_written() == 3);
    CHECK(on.other.bytes_read() == 3);
  });
}

TEST_CASE("[59] a reader that waits is given what a later write offers, in several parts as one") {
  PipeStage stage;
  stage.run([](PipeStage& on) -> Task<> {
    Outcome read;
    std::string bytes;
    on.reactor.spawn(read_into(on.other, 16, bytes, read));
    co_await some_turns(on.reactor);
    CHECK(text_of(read) == "pending");
    auto written = co_await on.one.write("one ", "", "two");
    CHECK((written && *written == 7));
    co_await some_turns(on.reactor);
    CHECK(bytes == "one two");
  });
}

TEST_CASE("[60] an empty write meets one read, whichever comes first") {
  PipeStage stage;
  stage.run([](PipeStage& on) -> Task<> {
    Outcome written, read;
    std::string bytes;
    on.reactor.spawn(write_into(on.one, "", written));
    co_await some_turns(on.reactor);
    CHECK(text_of(written) == "pending");
    Task<> reading = read_into(on.other, 8, bytes, read);
    co_await std::move(reading);
    CHECK(text_of(read) == "0");
    co_await some_turns(on.reactor);
    CHECK(text_of(written) == "0");

    Outcome second_read;
    on.reactor.spawn(read_into(on.other, 8, bytes, second_read));
    co_await some_turns(on.reactor);
    CHECK(text_of(second_read) == "pending");
    auto empty = co_await on.one.write("");
    CHECK((empty && *empty == 0));
    co_await some_turns(on.reactor);
    CHECK(text_of(second_read) == "0");
  });
}

TEST_CASE("[60] an empty write passes a line reader by") {
  PipeStage stage;
  stage.run([](PipeStage& on) -> Task<> {
    static constexpr auto write = [](Conn& conn) -> Task<> {
      auto nothing = co_await conn.write("");
      CHECK(nothing.has_value());
      auto line = co_await conn.write("line\n");
      CHECK(line.has_value());
    };
    on.reactor.spawn(write(on.one));
    reactord::LineReader lines(on.other);
    auto line = co_await lines.read_line();
    REQUIRE(line.has_value());
    CHECK(*line == "line");
  });
}

TEST_CASE("[37] an empty read waits for a write, and takes none of it") {
  PipeStage stage;
  stage.run([](PipeStage& on) -> Task<> {
    Outcome read, written, rest;
    std::string bytes;
    on.reactor.spawn(read_into(on.other, 0, bytes, read));
    co_await some_turns(on.reactor);
    CHECK(text_of(read) == "pending");
    on.reactor.spawn(write_into(on.one, "abc", written));
    co_await some_turns(on.reactor);
    CHECK(text_of(read) == "0");
    CHECK(text_of(written) == "pending");
    Outcome at_once;
    Task<> again = read_into(on.other, 0, bytes, at_once);
    co_await std::move(again);
    CHECK(text_of(at_once) == "0");
    Task<> reading = read_into(on.other, 8, bytes, rest);
    co_await std::move(reading);
    CHECK(bytes == "abc");
    co_await some_turns(on.reactor);
    CHECK(text_of(written) == "3");
  });
}

TEST_CASE("[61][64] after its own close an end gives closed pipe, and closes again without complaint") {
  PipeStage stage;
  stage.run([](PipeStage& on) -> Task<> {
    CHECK(on.one.close().has_value());
    CHECK(on.one.close().has_value());
    std::array<char, 4> room{};
    auto read = co_await on.one.read(room);
    CHECK(read.error().text() == closed_pipe);
    CHECK(read.error().is_closed());
    CHECK(read.error() == ErrorCode::closed_pipe);
    auto written = co_await on.one.write("x");
    CHECK(written.error().text() == closed_pipe);
    CHECK(on.one.set_deadline(Time::never()).error().text() == closed_pipe);
  });
}

TEST_CASE("[62] after the other's close reads give eof, writes and deadlines closed pipe") {
  PipeStage stage;
  stage.run([](PipeStage& on) -> Task<> {
    Outcome read, written;
    std::string bytes;
    on.reactor.spawn(read_into(on.other, 4, bytes, read));
    on.reactor.spawn(write_into(on.other, "never read", written));
    co_await some_turns(on.reactor);
    CHECK(on.one.close().has_value());
    co_await some_turns(on.reactor);
    CHECK(text_of(read) == "EOF");
    CHECK(text_of(written) == closed_pipe);
    Outcome later;
    Task<> reading = read_into(on.other, 4, bytes, later);
    co_await std::move(reading);
    CHECK(text_of(later) == "EOF");
    auto refused = co_await on.other.write("x");
    CHECK(refused.error().text() == closed_pipe);
    CHECK(on.other.set_deadline(Time::never()).error().text() == closed_pipe);
    CHECK(on.other.close().has_value());
  });
}

TEST_CASE("[63] its own end is looked at first, then the other's, then the deadline") {
  PipeStage stage;
  stage.run([](PipeStage& on) -> Task<> {
    CHECK(on.other.set_deadline(Time::past()).has_value());
    std::array<char, 4> room{};
    auto expired = co_await on.other.read(room);
    CHECK(expired.error().timeout());
    auto refused = co_await on.other.write("x");
    CHECK(refused.error().timeout());
    CHECK(on.one.close().has_value());
    auto ended = co_await on.other.read(room);
    CHECK(ended.error().is_eof());
    auto gone = co_await on.other.write("x");
    CHECK(gone.error().text() == closed_pipe);
    CHECK(on.other.close().has_value());
    auto closed = co_await on.other.read(room);
    CHECK(closed.error().text() == closed_pipe);
  });
}

TEST_CASE("[65][66] both addresses are pipe, and so is the network in an error") {
  PipeStage stage;
  stage.run([](PipeStage& on) -> Task<> {
    CHECK(on.one.local_addr().text() == "pipe");
    CHECK(on.one.remote_addr().text() == "pipe");
    CHECK(std::string(to_string(on.one.network())) == "pipe");
    CHECK(on.one.set_deadline(on.reactor.now() + 1s).has_value());
    std::array<char, 4> room{};
    auto read = co_await on.one.read(room);
    CHECK(read.error().text() == "read pipe: i/o timeout");
    auto written = co_await on.one.write("x");
    CHECK(written.error().text() == "write pipe: i/o timeout");
  });
}

TEST_CASE("[35] a write that times out tells how much had been read of it") {
  PipeStage stage;
  stage.run([](PipeStage& on) -> Task<> {
    static constexpr auto read_two = [](Conn& conn) -> Task<> {
      std::array<char, 2> room{};
      auto count = co_await conn.read(room);
      CHECK((count && *count == 2));
    };
    CHECK(on.one.set_write_deadline(on.reactor.now() + 1s).has_value());
    on.reactor.spawn(read_two(on.other));
    auto writing = on.one.write("abcde");
    auto written = co_await writing;
    CHECK(written.error().timeout());
    CHECK(writing.taken_over() == 2);
  });
}

TEST_CASE("[67] what comes out of a pipe can be copied into a socket") {
  PipeStage stage;
  auto link = test::connect(stage.reactor, test::Transport::tcp);
  static constexpr auto write = [](Conn conn) -> Task<> {
    for (int line = 0; line < 100; ++line) {
      auto written = co_await conn.write("line ", std::to_string(line), "\n");
      CHECK(written.has_value());
    }
  };
  static constexpr auto copy = [](Conn from, Conn to) -> Task<> {
    Buffer bytes;
    while (true) {
      auto count = co_await from.read(bytes);
      if (!count) break;
      auto written = co_await to.write(bytes.view());
      CHECK(written.has_value());
      bytes.clear();
    }
  };
  stage.reactor.spawn(write(std::move(stage.one)));
  stage.reactor.spawn(copy(std::move(stage.other), std::move(link.conn)));
  stage.run(
      [](PipeStage& on, test::Peer& peer) -> Task<> {
        auto bytes = co_await test::read_to_end(on.reactor, peer);
        CHECK(bytes.starts_with("line 0\nline 1\n"));
        CHECK(bytes.ends_with("line 99\n"));
        peer.close();
      },
      link.peer);
}

TEST_CASE("shutdown of the reactor ends both ends") {
  for (auto* make : {reactord::pipe, reactord::buffered_pipe}) {
    PipeStage stage(make);
    Outcome read, written;
    std::string bytes;
    stage.reactor.spawn(read_into(stage.one, 4, bytes, read));
    stage.reactor.spawn(write_into(stage.one, std::string(200'000, 'x'), written));
    static constexpr auto stop = [](PipeStage& on) -> Task<> {
      co_await some_turns(on.reactor);
      on.reactor.stop();
    };
    stage.reactor.spawn(stop(stage));
    REQUIRE(stage.reactor.run().has_value());
    stage.reactor.shutdown();
    CHECK((read && !read->has_value()));
    CHECK((written && !written->has_value()));
    CHECK(stage.reactor.live_tasks() == 0);
  }
}

// The writer was resumed in a later turn, and what came first made a failure of it.
TEST_CASE(
    "[59] a write that has been read whole has succeeded, whatever comes before its writer is resumed") {
  PipeStage stage;
  stage.run([](PipeStage& on) -> Task<> {
    Outcome written;
    on.reactor.spawn(write_into(on.one, "abc", written));
    co_await some_turns(on.reactor);
    std::array<char, 8> room{};
    auto count = co_await on.other.read(room);
    REQUIRE((count && *count == 3));
    CHECK(on.one.set_deadline(Time::past()).has_value());
    co_await some_turns(on.reactor);
    CHECK(text_of(written) == "3");
  });
}

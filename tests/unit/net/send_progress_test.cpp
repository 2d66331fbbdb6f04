// Whether a peer takes what is sent to it: tables of what was seen, when, and of what comes of it.
#include "net/send_progress.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <optional>
#include <vector>

using reactord::Duration;
using reactord::SendProgress;
using reactord::Time;
using namespace std::chrono_literals;

namespace {

Time at(Duration since_start) { return Time() + since_start; }

constexpr Duration timeout = 64s;

// What happens to a connection at a time.
struct Event {
  enum class Kind { took, noted, looked, forgotten };
  Duration time;
  Kind kind;
  std::size_t unacknowledged = 0;
  std::optional<bool> goes_on = std::nullopt;  // what a look is to find
};
Event took(Duration time) { return {time, Event::Kind::took}; }
Event noted(Duration time, std::size_t bytes) { return {time, Event::Kind::noted, bytes}; }
Event forgotten(Duration time) { return {time, Event::Kind::forgotten}; }
Event goes_on(Duration time, std::size_t bytes) { return {time, Event::Kind::looked, bytes, true}; }
Event stands(Duration time, std::size_t bytes) { return {time, Event::Kind::looked, bytes, false}; }

SendProgress after(const std::vector<Event>& events) {
  SendProgress progress;
  for (const Event& event : events) {
    switch (event.kind) {
      case Event::Kind::took:
        progress.took(at(event.time));
        break;
      case Event::Kind::noted:
        progress.note(event.unacknowledged);
        break;
      case Event::Kind::forgotten:
        progress.forget();
        break;
      case Event::Kind::looked:
        CHECK(progress.goes_on(event.unacknowledged, at(event.time)) == *event.goes_on);
        break;
    }
  }
  return progress;
}

}  // namespace

TEST_CASE("a peer has stalled once it has taken nothing for the whole timeout") {
  struct Row {
    const char* name;
    std::vector<Event> events;
    Duration stalls_at;
  };
  const Row rows[] = {
      {"nothing is taken", {took(5s)}, 69s},
      {"the kernel takes some", {took(5s), took(9s)}, 73s},
      {"the count stays", {took(0s), noted(0s, 1000), stands(20s, 1000)}, 64s},
      {"the count falls", {took(0s), noted(0s, 1000), goes_on(20s, 999)}, 84s},
      {"it falls from look to look", {took(0s), noted(0s, 9), goes_on(20s, 8), goes_on(40s, 7)}, 104s},
      {"it falls once, and stays", {took(0s), noted(0s, 9), goes_on(20s, 8), stands(40s, 8)}, 84s},
      {"it falls to nothing", {took(0s), noted(0s, 9), goes_on(20s, 0), stands(40s, 0)}, 84s},
      {"it rises, and falls by less", {took(0s), noted(0s, 9), stands(20s, 50), goes_on(40s, 40)}, 104s},
      {"it is known to fall only from where it was noted",
       {took(0s), noted(0s, 9), took(10s), noted(10s, 500), stands(20s, 500)},
       74s},
      {"nothing was noted since the kernel took some, and nothing is left", {took(0s), stands(20s, 0)}, 64s},
      {"nothing was noted since the kernel took some, and some is left", {took(0s), goes_on(20s, 7)}, 84s},
      {"what was noted is forgotten, the time is not",
       {took(0s), noted(0s, 9), forgotten(10s), stands(20s, 0)},
       64s},
      {"more than 4 GiB", {took(0s), noted(0s, (5ull << 32) + 7), goes_on(20s, (5ull << 32) + 6)}, 84s},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const SendProgress progress = after(row.events);
    CHECK_FALSE(progress.has_stalled(at(row.stalls_at - 1ns), timeout));
    CHECK(progress.has_stalled(at(row.stalls_at), timeout));
    CHECK(progress.next_look(at(row.stalls_at), timeout, false) == at(row.stalls_at));
    CHECK(progress.next_look(at(row.stalls_at), timeout, true) == at(row.stalls_at));
  }
}

TEST_CASE("what the next look compares with is noted once, until the kernel takes some") {
  SendProgress progress = after({took(0s)});
  CHECK_FALSE(progress.is_noted());
  progress.note(1000);
  CHECK(progress.is_noted());
  progress.took(at(1s));
  CHECK_FALSE(progress.is_noted());
  CHECK(progress.goes_on(5, at(2s)));
  CHECK(progress.is_noted());
}

TEST_CASE("looks are seldom, and the last one comes when the time is up") {
  struct Row {
    Duration now, next;
  };
  // Nothing was taken since 100 s. The first look comes after 1/64 of the timeout, then the time doubles.
  const Row rows[] = {
      {100s, 101s}, {100s + 1ms, 101s}, {101s, 102s}, {102s, 104s}, {104s, 108s},
      {116s, 132s}, {132s, 164s},       {140s, 164s}, {164s, 164s}, {132s - 1ns, 164s - 2ns},
  };
  const SendProgress progress = after({took(100s)});
  for (const Row& row : rows) {
    CAPTURE(row.now.count());
    CHECK(progress.next_look(at(row.now), timeout, false) == at(row.next));
    CHECK(progress.next_look(at(row.now), timeout, true) == at(164s));
  }
}

TEST_CASE("a timeout without an end is never over") {
  const SendProgress progress = after({took(100s)});
  CHECK_FALSE(progress.has_stalled(Time::never(), Duration::max()));
  CHECK(progress.next_look(at(200s), Duration::max(), true) == Time::never());
}

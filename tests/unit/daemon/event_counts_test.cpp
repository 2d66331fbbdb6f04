// EventCounts and LabelledCounts: each event is counted once, by its name, and no flood of names makes the tables grow.
#include "daemon/event_counts.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include "support/no_memory.hpp"

using namespace reactord;

namespace {

const Address nobody{};

ConnectionEnd end_by(EndCause cause, std::string_view limit) {
  return {.number = 1,
          .protocol = "line",
          .remote = nobody,
          .cause = cause,
          .error = 0,
          .limit = limit,
          .lines = 0,
          .bytes_read = 0,
          .bytes_written = 0,
          .duration = Duration(0)};
}

std::string text_of(const LabelledCounts& counts) {
  std::string text;
  for (const LabelledCounts::Row& row : counts.rows())
    text += row.first + ' ' + row.second + ' ' + std::to_string(row.count) + '\n';
  return text;
}

}  // namespace

TEST_CASE("limits are counted by their name and what was done, also where they ended a connection") {
  EventCounts events;
  events.limit_reached({"max-line", "truncated", "line", nullptr});
  events.limit_reached({"max-line", "discarded", "line", nullptr});
  events.limit_reached({"max-line", "truncated", "line", nullptr});
  events.closed(end_by(EndCause::over_limit, "max-connections"));
  events.closed(end_by(EndCause::over_rate, "accept-rate"));
  events.closed(end_by(EndCause::eof, ""));
  CHECK(text_of(events.limits()) ==
        "max-line truncated 2\nmax-line discarded 1\nmax-connections closed 1\naccept-rate closed 1\n");
  CHECK(events.limits().of("max-line", "truncated") == 2);
  CHECK(events.limits().of("max-line") == 0);
}

TEST_CASE("pauses are counted by the name of the error, and what has none as other") {
  EventCounts events;
  events.accept_paused(Error::from_errno(EMFILE, "accept4"));
  events.accept_paused(Error::from_errno(ENOBUFS, "accept4"));
  events.accept_paused(Error::from_errno(EMFILE, "accept4"));
  events.accept_paused(Error::from_errno(123456, "accept4"));
  events.accept_paused(Error(ErrorCode::closed));
  CHECK(text_of(events.pauses()) == "EMFILE  2\nENOBUFS  1\nother  2\n");
}

TEST_CASE("stalls and failures are numbers") {
  EventCounts events;
  events.stalled();
  events.stalled();
  events.handler_failed();
  CHECK(events.stalls() == 2);
  CHECK(events.handler_failures() == 1);
}

TEST_CASE("a full table counts further names together") {
  LabelledCounts counts(2);
  CHECK(counts.rows().empty());
  for (int number = 0; number < 1000; ++number) counts.add("name" + std::to_string(number), "x");
  counts.add("name1", "x");
  CHECK(counts.size() == 2);
  CHECK(text_of(counts) == "name0 x 1\nname1 x 2\nother other 998\n");
}

TEST_CASE("a name that is other itself is one row with those counted together") {
  LabelledCounts counts(1);
  counts.add("other");
  counts.add("b");
  CHECK(text_of(counts) == "other  2\n");
}

TEST_CASE("a name for which there is no memory is counted with the others") {
  LabelledCounts counts(8);
  {
    test::NoMemory refuse(0, test::NoMemory::all);
    counts.add("a name that is longer than a string holds by itself");
  }
  CHECK(text_of(counts) == "other  1\n");
}

TEST_CASE("a table without room has the row of all others alone") {
  LabelledCounts counts(0);
  counts.add("a");
  CHECK(text_of(counts) == "other  1\n");
}

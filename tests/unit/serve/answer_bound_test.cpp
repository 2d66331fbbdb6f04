// AnswerBound as a table: how many of the bytes left are to be answered.
#include "serve/answer_bound.hpp"

#include <doctest/doctest.h>

namespace reactord {

TEST_CASE("without a bound all of the input is answered, and no end of it is reached") {
  const AnswerBound bound;
  CHECK_FALSE(bound.is_set());
  CHECK(bound.within_last(0, 0) == 0);
  CHECK(bound.within_last(7, 100) == 7);
  CHECK_FALSE(bound.is_reached(~std::uint64_t{0}));
}

TEST_CASE("a bound leaves out what lies behind it") {
  AnswerBound bound;
  bound.set(100);
  struct Row {
    std::size_t count, received, within;
    bool is_reached;
  };
  for (const Row& row : {Row{.count = 10, .received = 50, .within = 10, .is_reached = false},
                         Row{.count = 10, .received = 99, .within = 10, .is_reached = false},
                         Row{.count = 10, .received = 100, .within = 10, .is_reached = true},
                         Row{.count = 10, .received = 104, .within = 6, .is_reached = true},
                         Row{.count = 10, .received = 110, .within = 0, .is_reached = true},
                         Row{.count = 10, .received = 200, .within = 0, .is_reached = true},
                         Row{.count = 0, .received = 100, .within = 0, .is_reached = true}}) {
    CAPTURE(row.received);
    CHECK(bound.within_last(row.count, row.received) == row.within);
    CHECK(bound.is_reached(row.received) == row.is_reached);
  }
}

TEST_CASE("a later bound takes the place of an earlier one") {
  AnswerBound bound;
  bound.set(10);
  bound.set(0);
  CHECK(bound.is_set());
  CHECK(bound.is_reached(0));
  CHECK(bound.within_last(5, 5) == 0);
}

}  // namespace reactord

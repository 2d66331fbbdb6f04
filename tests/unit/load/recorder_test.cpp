// What one process counts: within the window and outside, answered and not.
#include "load/engine/recorder.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace reactord;
using namespace reactord::load;
using load::Recorder;

namespace {

Time at(Duration duration) { return Time() + duration; }

}  // namespace

TEST_SUITE("load recorder") {
  TEST_CASE("each request that was due within the window is in the times once, answered or not") {
    for (const bool open_loop : {false, true}) {
      Recorder recorder(open_loop, 5s);
      recorder.measure(at(10s), at(20s));
      recorder.sent(at(9s), at(9s), 3);               // in the warm-up
      recorder.answered(at(9s), at(9s), at(9s), 1);   // and answered in it
      recorder.answered(at(9s), at(9s), at(11s), 1);  // within
      recorder.unanswered(at(9s), at(9s), at(14s), 1);
      recorder.sent(at(12s), at(12s), 10);
      recorder.answered(at(12s), at(12s), at(12s) + 1ms, 6);
      recorder.answered(at(12s), at(12s), at(21s), 2);    // after the end
      recorder.unanswered(at(12s), at(13s), at(14s), 2);  // lost early
      if (open_loop) recorder.never_sent(at(13s), at(20s), 5);
      recorder.end_second(1);
      const LoadResult result = recorder.finish();
      CHECK(result.requests == 7);
      CHECK(result.sent == 10);
      CHECK(result.unanswered == (open_loop ? 7 : 2));
      CHECK(result.response.count() == result.sent + (open_loop ? 5 : 0));
      CHECK(result.service.count() == result.sent);
      CHECK(result.service.at(0.9) >= 5'000'000'000);
      CHECK(result.response.max() == 9'000'000'000);
      CHECK(result.warmup_sent == 3);
      CHECK(result.warmup_answered == 1);
      CHECK(result.answered_after == 2);
      CHECK(result.total_sent() == 13);
      CHECK(result.total_answered() == 10);
    }
  }

  TEST_CASE("what never came has waited for its timeout at least, and for as long as it has waited") {
    Recorder recorder(true, 1s);
    recorder.measure(at(0s), at(10s));
    recorder.never_sent(at(9s), at(10s) + 1ms, 1);
    recorder.never_sent(at(1s), at(10s), 1);
    recorder.unanswered(at(1s), at(3s), at(3s) + 10ms, 1);
    const LoadResult result = recorder.finish();
    CHECK(result.response.min() == 1'001'000'000);
    CHECK(result.response.max() == 9'000'000'000);
    CHECK(result.response.at(0.5) >= 2'010'000'000);  // due long before it was sent
    CHECK(result.service.max() == 1'000'000'000);
  }
}

TEST_CASE("an example is text, whatever a path or a server has put into it") {
  Recorder recorder(false, 1s);
  recorder.failed("connect", "dial unix /tmp/\xff\n");
  recorder.failed("connect", "another");
  const LoadError& error = recorder.result().errors.at("connect");
  CHECK(error.count == 2);
  CHECK(error.first_example == "dial unix /tmp/\\xff\\n");
}

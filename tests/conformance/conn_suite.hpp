// The conformance suite: every rule of conn.hpp, once, for every kind of Conn.
//
//     struct Mine {
//       static constexpr const char* name = "mine";
//       static constexpr bool buffers = true, half_close = true, resets = false, in_memory = true;  // see Traits
//       static reactord::ConnPair make(reactord::Reactor& reactor);  // connected; may turn the loop
//     };
//     CONN_CONFORMANCE(Mine)  // at namespace scope: one test for each case, "[27] ...<mine>"
//
// A Kind may also have `using Surroundings = ...`, something to be alive around the scene, and `static bool
// is_available()`. The cases are functions, compiled once for all kinds of a file; numbers are those of the project's
// list of Go's rules, [H..] are the cases of a Context.
#pragma once

#include "conn_basic.hpp"
#include "conn_contexts.hpp"
#include "conn_deadlines.hpp"
#include "conn_streams.hpp"
#include "scene.hpp"

namespace test::conformance {

struct Case {
  const char* name;
  Task<> (*body)(Scene& scene);
  std::size_t pairs = 1;
};

inline constexpr Case cases[] = {
    {"[1] BasicIO: a mebibyte in chunks arrives whole, then the end", case_basic_io},
    {"[2] PingPong: a counter bounces to 1000, nothing lost or doubled", case_ping_pong},
    {"[3] RacyRead: reads time out and no byte comes later; a second read is busy", case_racy_read},
    {"[4] RacyWrite: writes time out and no byte leaves later", case_racy_write},
    {"[5] ReadTimeout: an expired read deadline leaves writing as it is", case_read_timeout},
    {"[6] WriteTimeout: an expired write deadline leaves reading as it is", case_write_timeout},
    {"[7] PastTimeout: a past deadline refuses both, none revives both", case_past_timeout},
    {"[8] PresentTimeout: a deadline moved to the past ends what is pending", case_present_timeout},
    {"[9] FutureTimeout: a deadline ends what is pending, and the connection goes on", case_future_timeout},
    {"[10] CloseTimeout: close ends what is pending at once", case_close_timeout},
    {"[11] ConcurrentMethods: everything at once, and in step again afterwards", case_concurrent_methods},
    {"[16] a past read deadline loses no data, a future one hands it out first", case_data_outlives_deadline},
    {"[17] a read without a deadline does not return, whatever deadlines were before",
     case_read_must_not_return},
    {"[18] a past write deadline refuses even where there is room", case_write_deadline},
    {"[19] a write without a deadline does not return, whatever deadlines were before",
     case_write_must_not_return},
    {"[20] a read ends never early and at most a tick late", case_read_fluctuation},
    {"[21] a write ends never early and at most a tick late", case_write_fluctuation},
    {"[22] VariousDeadlines: reading from a flood ends with a timeout each time", case_various_deadlines},
    {"[23] deadlines prolonged before each operation never pass", case_prolonged},
    {"[24] DeadlineRace: nothing is stuck, nothing lost", case_deadline_race},
    {"[25] deadlines that come earlier and earlier, on ten connections", case_earlier_and_earlier, 10},
    {"[26] a deadline moved to the past ends a pending read", case_unblocks_read},
    {"[27] read and write deadlines are independent, set_deadline is both", case_independent},
    {"[28] a deadline of exactly now is past", case_now_is_past},
    {"[29] a deadline beyond all times is practically never", case_far_future},
    {"[30] a timer armed for an earlier deadline is ignored", case_stale_timer},
    {"[31] closed beats expired", case_closed_beats_timeout},
    {"[32] after a timeout a later deadline revives", case_revives},
    {"[33] a deadline set on a closed connection is refused", case_set_on_closed},
    {"[35] a write that times out tells how much it handed on", case_partial_write},
    {"[37] a read into nothing returns at once", case_zero_length_read},
    {"[38] a broken connection is not an end of file, and does not pass", case_reset},
    {"[39] the peer's close ends a pending read with EOF", case_peer_close_unblocks},
    {"[40] read after close", case_read_after_close},
    {"[41] write after close", case_write_after_close},
    {"[42] close after close", case_close_twice},
    {"[43] close_read: reads give EOF, writing goes on", case_close_read},
    {"[44] close_write: the peer reads EOF, reading goes on", case_close_write},
    {"[45] a write is all or an error", case_all_or_error},
    {"[47] both ways at once, and no interruption shows", case_both_ways_at_once},
    {"[48] a second write is busy, and never in the middle of the first", case_never_interleaved},
    {"[49] EndlessWrite: a peer that has ended and does not read costs no turns", case_endless_write},
    {"[52] write_gathered: any number of parts, all of them", case_gathered},
    {"[52] write_gathered: an error leaves the rest in the parts", case_gathered_keeps_rest},
    {"[57] addresses and network stay valid after close", case_addresses_after_close},
    {"[58] a deadline extended after each operation is an idle timeout", case_idle_timeout},
    {"[H1] a cancelled Context ends what is pending and refuses the rest", case_context_cancels},
    {"[H2] a Context that is done when attached", case_context_born_done},
    {"[H3] closed beats cancelled, cancelled beats expired", case_context_order},
    {"[H4] without its Context, or with another, a connection is as before", case_context_revives},
    {"[H5] a Context's deadline is a timeout", case_context_deadline},
    {"[H6] a Context's end cancels", case_context_destroyed},
    {"[H7] a branch is cancelled alone, a root with all of its branches", case_context_tree},
    {"[H8] a cancelled read loses no data", case_context_keeps_data},
};

template <typename Kind>
concept HasSurroundings = requires {
  typename Kind::Surroundings;
};

template <typename Kind>
constexpr bool is_direct() {
  if constexpr (requires { Kind::direct; }) return Kind::direct;
  return true;
}

template <typename Kind>
constexpr Traits traits_of() {
  return {.buffers = Kind::buffers,
          .half_close = Kind::half_close,
          .resets = Kind::resets,
          .in_memory = Kind::in_memory,
          .direct = is_direct<Kind>()};
}

struct Nothing {};

template <typename Kind>
struct SurroundingsOf {
  using Type = Nothing;
};
template <HasSurroundings Kind>
struct SurroundingsOf<Kind> {
  using Type = Kind::Surroundings;
};

inline Task<> let_connections_end(Scene& scene) {
  scene.pairs.clear();
  const auto is_left = [&] {
    return scene.reactor.open_descriptors() > 0 || scene.reactor.timers().size() > 0;
  };
  // As long as the unsent bytes of a peer that is gone may take, and no longer.
  for (int seconds = 0; seconds < 100 && is_left(); ++seconds) co_await sleep(scene, 1s);
}

// In one: what lies between two ends that are not direct has a task as long as they have.
inline Task<> case_to_its_end(const Case& which, Scene& scene) {
  co_await which.body(scene);
  co_await let_connections_end(scene);
}

inline void run_case(const Case& which, Scene& scene) {
  if (scene.traits.direct) {
    run(scene.reactor, which.body(scene));
    run(scene.reactor, let_connections_end(scene));
  } else {
    run(scene.reactor, case_to_its_end(which, scene));
  }
  CHECK(scene.reactor.live_tasks() == 0);
  CHECK(scene.reactor.open_descriptors() == 0);
  CHECK(scene.reactor.timers().size() == 0);
}

template <typename Kind>
bool is_available() {
  if constexpr (requires { Kind::is_available(); }) return Kind::is_available();
  return true;
}

template <typename Kind, std::size_t Index>
void run_for_kind() {
  if (!is_available<Kind>()) {
    return test::skip((std::string("this machine has no ") + Kind::name).c_str());
  }
  [[maybe_unused]] typename SurroundingsOf<Kind>::Type surroundings;
  Scene scene(traits_of<Kind>());
  for (std::size_t pair = 0; pair < cases[Index].pairs; ++pair) {
    scene.pairs.push_back(Kind::make(scene.reactor));
  }
  run_case(cases[Index], scene);
}

// One test for each case. Not doctest's own templates: those would have to be named once more where they are
// instantiated, and a case forgotten there is a case not run.
template <typename Kind, std::size_t... Index>
void register_kind(const char* file, unsigned line, int kind, std::index_sequence<Index...>) {
  (doctest::detail::regTest(doctest::detail::TestCase(run_for_kind<Kind, Index>, file, line,
                                                      doctest_detail_test_suite_ns::getCurrentTestSuite(),
                                                      Kind::name, kind * 1000 + static_cast<int>(Index)) *
                            cases[Index].name),
   ...);
}

template <typename... Kinds>
int register_kinds(const char* file, unsigned line) {
  int kind = 0;
  (register_kind<Kinds>(file, line, kind++, std::make_index_sequence<std::size(cases)>()), ...);
  return kind;
}

}  // namespace test::conformance

#define CONN_CONFORMANCE(...)                           \
  [[maybe_unused]] static const int conformance_kinds = \
      test::conformance::register_kinds<__VA_ARGS__>(__FILE__, __LINE__);

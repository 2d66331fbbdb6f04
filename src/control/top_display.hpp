// TopDisplay: top on a terminal: samples, keys and signals, and the screen that shows what they come to.
//
//     watch()    sample --> TopView --> picture       each interval, and when a key wants another sample
//     on_keys()  key -----> TopView --> picture       at once
//     hear()     SIGWINCH: another size    SIGTSTP, SIGCONT: the terminal as it was, and a screen again    others: the end
//
//     run() --> end() --> watch() and hear() run to their ends --> the terminal as it was
//
// A daemon that can't be asked is no end: the last line says why, and each interval it is tried again.
#pragma once

#include <csignal>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>

#include "control/control_client.hpp"
#include "control/keyboard.hpp"
#include "control/options.hpp"
#include "control/painter.hpp"
#include "control/terminal.hpp"
#include "control/top_sampler.hpp"
#include "control/top_screen.hpp"
#include "control/top_session.hpp"
#include "control/top_view.hpp"
#include "reactord/context.hpp"
#include "reactord/event.hpp"
#include "reactord/signals.hpp"

namespace reactord::control {

// The parts of a screen.
struct TopOptions {
  std::string socket;
  Duration timeout, interval;
  std::optional<std::uint64_t> count;  // of samples; empty: without an end
  std::string filter;
  Painter::Look look = Painter::Look::plain;
};

class TopDisplay final : KeyListener {
 public:
  // `output` is a terminal, `input` may be one. Both stay the caller's.
  TopDisplay(Reactor& reactor, TopOptions options, int input, int output);

  // Turns the Reactor until the end. Result: exit_done after q, ctrl-C, or the last of the samples; 128 and its number after
  // another signal; the failure of the last sample, where they were counted; exit_unwritten, where the terminal can't be
  // made a screen.
  Outcome run();

 private:
  void on_keys(std::span<const KeyPress> keys) override;
  void on_keyboard_gone() override { end({128 + SIGHUP, {}}); }

  Task<> watch();
  Task<> sample();
  Task<> kill();
  Task<> hear();
  void take(TopSampler::Taken taken);
  void obey(int signal);
  void suspend();
  void appear();
  void act(TopView::Wish wish);
  void draw();
  void end(Outcome outcome);
  void fail(const std::exception& exception);
  std::size_t rows() const { return table_rows(view_, news_, terminal_.size()); }

  Reactor& reactor_;
  const TopOptions options_;
  const int input_;
  Context context_;  // done once it ends
  Event wake_;       // watch() has something to do before its time
  TopSession session_;
  TopSampler sampler_;
  Terminal terminal_;
  Painter painter_;
  std::optional<Signals> signals_;
  WatchHandle<Keyboard> keyboard_;  // null: the input is no terminal
  TopView view_;
  TopNews news_;
  Time next_;  // when the next sample is due, unless it is paused
  bool wants_sample_ = true;
  // Its number is that of a daemon: it is ended over the connection by which it was seen, or not at all.
  struct Victim {
    std::uint64_t id, asked_on;
  };
  std::optional<Victim> to_kill_;
  std::uint64_t asked_on_ = 0;  // the connection by which the sample came
  std::uint64_t tries_ = 0;
  Outcome last_;     // of a sample
  Outcome outcome_;  // of all
};

}  // namespace reactord::control

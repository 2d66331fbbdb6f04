#include "control/top_display.hpp"

#include <utility>

#include "base/quantity.hpp"
#include "base/system_process.hpp"
#include "base/system_terminal.hpp"
#include "control/figure_text.hpp"
#include "control/top_rates.hpp"
#include "reactord/line_splitter.hpp"

namespace reactord::control {

TopDisplay::TopDisplay(Reactor& reactor, TopOptions options, int input, int output)
    : reactor_(reactor),
      options_(std::move(options)),
      input_(input),
      context_(reactor),
      wake_(reactor),
      session_(context_, options_.socket, options_.timeout),
      sampler_(session_),
      terminal_(input, output),
      painter_(options_.look),
      view_(options_.filter, options_.interval) {}

Outcome TopDisplay::run() {
  system::block_signal(SIGTTOU);
  auto signals = Signals::open(reactor_, {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT});
  if (!signals) return {exit_unwritten, signals.error().text()};
  signals_ = std::move(*signals);
  appear();
  if (system::is_terminal(input_)) {
    auto keyboard = Keyboard::open(reactor_, input_, *this);
    if (!keyboard) end({exit_unwritten, "standard input: " + keyboard.error().text()});
    if (keyboard) keyboard_ = std::move(*keyboard);
  }
  reactor_.spawn(hear());
  reactor_.spawn(watch());
  const auto ran = reactor_.run();
  terminal_.leave();
  if (!ran) reactor_.shutdown();  // the tasks refer to this object
  if (!ran) return {exit_unanswered, ran.error().text()};
  return outcome_;
}

void TopDisplay::end(Outcome outcome) {
  if (context_.is_done()) return;  // by what came first
  outcome_ = std::move(outcome);
  context_.cancel();
  signals_->close();
  keyboard_.reset();
  terminal_.leave();
}

// The terminal is left as it was, whatever has failed.
void TopDisplay::fail(const std::exception& exception) {
  terminal_.leave();
  end({exit_unanswered, std::string("top has failed: ") + exception.what()});
}

// ---- Samples

Task<> TopDisplay::watch() {
  try {
    while (!context_.is_done()) {
      wake_.reset();
      if (to_kill_) {
        Task<> killing = kill();
        co_await std::move(killing);
      }
      const bool is_due = !view_.is_paused() && reactor_.now() >= next_;
      if (wants_sample_ || is_due) {
        Task<> sampling = sample();
        co_await std::move(sampling);
      }
      draw();
      Context pause(context_, view_.is_paused() ? Time::never() : next_);
      // Whatever ends it, there is something to do.
      auto waited = co_await wake_.wait(pause);
      static_cast<void>(waited);
      // Behind a stop of this process, the time of this turn is that of before.
      co_await reactor_.next_turn();
    }
  } catch (const std::exception& exception) {
    fail(exception);
  }
}

Task<> TopDisplay::sample() {
  wants_sample_ = false;
  next_ = reactor_.now() + view_.interval();
  TopSampler::Wanted wanted{.query = view_.query(rows()), .connection = {}};
  if (view_.mode() == TopView::Mode::connection) wanted.connection = view_.connection();
  Task<TopSampler::Taken> taking = sampler_.take(std::move(wanted));
  auto taken = co_await std::move(taking);
  if (context_.is_done()) co_return;
  take(std::move(taken));
  if (options_.count && ++tries_ >= *options_.count) {
    draw();
    end(last_);
  }
}

void TopDisplay::take(TopSampler::Taken taken) {
  last_ = std::move(taken.outcome);
  if (last_.status != exit_done) {
    news_.trouble = last_.why + "; it is tried again every " + duration_text(view_.interval());
    if (view_.sample()) {
      news_.trouble =
          "no figures for " + age_text(reactor_.now() - view_.sample()->at) + ": " + news_.trouble;
    }
    return;
  }
  news_.trouble.clear();
  news_.mistake = std::move(taken.mistake);
  news_.connection = std::move(taken.connection);
  asked_on_ = taken.asked_on;
  TopRates rates = rates_between(view_.sample() ? &*view_.sample() : nullptr, taken.sample);
  view_.show(std::move(taken.sample), std::move(rates), rows());
}

Task<> TopDisplay::kill() {
  const Victim victim = *std::exchange(to_kill_, std::nullopt);
  Task<TopSession::Answered> asking = session_.ask("kill " + std::to_string(victim.id), victim.asked_on);
  auto answered = co_await std::move(asking);
  const bool is_done = answered.outcome.status == exit_done;
  news_.notice = "connection " + std::to_string(victim.id) + ": " +
                 std::string(is_done ? trim_space(answered.text) : std::string_view(answered.outcome.why));
  wants_sample_ = true;
}

// ---- Keys and signals

void TopDisplay::on_keys(std::span<const KeyPress> keys) {
  try {
    for (const KeyPress& key : keys) {
      news_.notice.clear();
      act(view_.press(key, rows()));
      if (context_.is_done()) return;
    }
    draw();
  } catch (const std::exception& exception) {
    fail(exception);
  }
}

void TopDisplay::act(TopView::Wish wish) {
  switch (wish) {
    case TopView::Wish::nothing:
      return;
    case TopView::Wish::redraw:
      return painter_.forget();
    case TopView::Wish::quit:
      return end({exit_done, {}});
    case TopView::Wish::kill:
      to_kill_ = Victim{view_.connection(), asked_on_};
      return wake_.set();
    case TopView::Wish::sample:
      news_.mistake.clear();
      news_.connection.clear();
      wants_sample_ = true;
      return wake_.set();
  }
}

Task<> TopDisplay::hear() {
  while (true) {
    auto signal = co_await signals_->next();
    if (!signal) co_return;
    try {
      obey(*signal);
    } catch (const std::exception& exception) {
      fail(exception);
    }
    if (context_.is_done()) co_return;
  }
}

void TopDisplay::obey(int signal) {
  switch (signal) {
    case SIGINT:
      return end({exit_done, {}});
    case SIGTSTP:
      return suspend();
    case SIGCONT:
      return appear();
    case SIGWINCH:
      painter_.forget();
      wants_sample_ = true;  // another number of rows
      wake_.set();
      return draw();
    default:
      return end({128 + signal, {}});
  }
}

void TopDisplay::suspend() {
  terminal_.leave();
  system::stop_as_by_terminal();
  system::wait_for_signal({SIGCONT}, 0s);  // the one that has let it go on
  appear();
}

// In the background it waits for SIGCONT, which a shell sends when it gives the terminal back.
void TopDisplay::appear() {
  terminal_.leave();  // what another program has left of the settings is not ours
  auto entered = terminal_.enter();
  if (!entered) return end({exit_unwritten, "the terminal: " + entered.error().text()});
  painter_.forget();
  if (!*entered) return;
  if (keyboard_) keyboard_->look();
  wants_sample_ = true;
  wake_.set();
  draw();
}

void TopDisplay::draw() {
  if (context_.is_done() || !terminal_.is_screen()) return;
  if (!terminal_.is_ready()) {
    if (terminal_.is_gone()) end({128 + SIGHUP, {}});
    return;  // the next picture is drawn once this one is written
  }
  const ScreenSize size = terminal_.size();
  std::string bytes = painter_.paint(top_screen(view_, news_, size), size);
  if (!bytes.empty()) terminal_.write(std::move(bytes));
}

}  // namespace reactord::control

#include "control/top.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "base/system_terminal.hpp"
#include "control/top_display.hpp"
#include "control/top_lines.hpp"
#include "control/top_rates.hpp"
#include "control/top_sampler.hpp"
#include "control/top_session.hpp"
#include "reactord/context.hpp"

namespace reactord::control {
namespace {

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool can_be_screen(int fd) {
  const std::string_view kind = variable("TERM");
  return system::is_terminal(fd) && !kind.empty() && kind != "dumb";
}

// https://no-color.org
Painter::Look look() { return variable("NO_COLOR").empty() ? Painter::Look::coloured : Painter::Look::plain; }

std::string filter_of(const ControlOptions& options) {
  std::string filter;
  for (std::size_t at = 1; at < options.words.size(); ++at) {
    if (!filter.empty()) filter += ' ';
    filter += options.words[at];
  }
  return filter;
}

// Writes samples as lines, one each interval.
class Lines {
 public:
  Lines(Reactor& reactor, const ControlOptions& options, std::string socket, Output& output)
      : reactor_(reactor),
        options_(options),
        output_(output),
        context_(reactor),
        session_(context_, std::move(socket), options.timeout),
        sampler_(session_) {}

  Outcome run() {
    reactor_.spawn(write());
    const auto ran = reactor_.run();
    if (!ran) reactor_.shutdown();  // the task refers to this object
    if (!ran) return {exit_unanswered, ran.error().text()};
    return output_.failure() == 0 ? outcome_ : written(output_);
  }

 private:
  Task<> write() {
    const Duration interval = options_.interval.value_or(1s);
    Time next = reactor_.now();
    for (std::uint64_t number = 0; !options_.count || number < *options_.count; ++number) {
      if (number > 0) {
        auto slept = co_await reactor_.sleep_until(next);
        if (!slept) co_return;
      }
      next = std::max(next + interval, reactor_.now());
      Task<TopSampler::Taken> taking = sampler_.take({});
      auto taken = co_await std::move(taking);
      outcome_ = std::move(taken.outcome);
      if (outcome_.status != exit_done) co_return;
      show(std::move(taken.sample), number);
      if (!output_.is_open()) co_return;
    }
  }

  void show(TopSample sample, std::uint64_t number) {
    const TopRates rates = rates_between(before_ ? &*before_ : nullptr, sample);
    if (options_.json) {
      output_.write(top_object(sample, rates, std::chrono::system_clock::now()));
    } else {
      if (number % lines_for_each_heading == 0) output_.write(top_heading());
      output_.write(top_line(sample, rates));
    }
    output_.flush();
    before_ = std::move(sample);
  }

  Reactor& reactor_;
  const ControlOptions& options_;
  Output& output_;
  Context context_;
  TopSession session_;
  TopSampler sampler_;
  std::optional<TopSample> before_;
  Outcome outcome_;
};

}  // namespace

bool asks_for_top(const ControlOptions& options) {
  return !options.words.empty() && options.words.front() == "top";
}

std::string mistake_of_top(const ControlOptions& options) {
  if (!asks_for_top(options)) {
    if (options.interval) return "--interval is of top, as in: reactordctl top --interval 5s";
    if (options.count) return "--count is of top, as in: reactordctl top -n 10";
    return {};
  }
  const std::string filter = filter_of(options);
  const bool is_plain = std::ranges::all_of(filter, [](char byte) { return byte >= ' ' && byte <= '~'; });
  if (!is_plain) return "a filter is of plain characters: see reactordctl help kill";
  if (filter.size() > TopView::longest_filter) {
    return "the filter has more than " + std::to_string(TopView::longest_filter) + " characters: write fewer";
  }
  if (filter.empty() || (can_be_screen(STDOUT_FILENO) && !options.json)) return {};
  return "connections are shown on a terminal alone: leave out the filter, or write connections " + filter;
}

Outcome run_top(Reactor& reactor, const ControlOptions& options, std::string socket, Output& output) {
  if (options.json || !can_be_screen(STDOUT_FILENO)) {
    return Lines(reactor, options, std::move(socket), output).run();
  }
  return TopDisplay(reactor,
                    {.socket = std::move(socket),
                     .timeout = options.timeout,
                     .interval = options.interval.value_or(1s),
                     .count = options.count,
                     .filter = filter_of(options),
                     .look = look()},
                    STDIN_FILENO, STDOUT_FILENO)
      .run();
}

}  // namespace reactord::control

#include "load/crew/supervisor.hpp"

#include <algorithm>
#include <charconv>

#include "load/crew/worker.hpp"
#include "load/result/result_json.hpp"
#include "reactord/buffered_reader.hpp"

namespace reactord::load {
namespace {

constexpr Duration head_start = 5ms;  // the start reaches every worker within this time

// Takes a number and the space behind it off the front of `text`.
bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return false;
  text.remove_prefix(std::min(static_cast<std::size_t>(end - text.data()) + 1, text.size()));
  return true;
}

}  // namespace

void Supervisor::start() {
  working_ = links_.size();
  for (const auto& link : links_) reactor_.spawn(read_link(*link));
}

Task<> Supervisor::handle_signals(Signals& signals) {
  auto first = co_await signals.next();
  if (!first) co_return;
  const Time came = monotonic_now();
  was_interrupted_ = true;
  for (const auto& link : links_) reactor_.spawn(send(link->conn, "stop\n"));
  reactor_.spawn(announce_interruption());
  while (monotonic_now() - came < same_instant) {
    auto second = co_await signals.next();
    if (!second) co_return;
  }
  run_.aborted = true;
  reactor_.stop();
}

void Supervisor::conclude() {
  if (run_.result.interrupted && !was_interrupted_)
    record_failure("a process of the generator was told to end by a signal");
  run_.result.interrupted = was_interrupted_;
}

void Supervisor::record_failure(const char* what) {
  LoadError& error = run_.result.errors["process ended"];
  if (error.count++ == 0) error.first_example = what;
}

Task<> Supervisor::read_link(Link& link) {
  BufferedReader input(link.conn, longest_line, longest_line);
  bool is_done = false;
  while (true) {
    auto read = co_await input.read_until('\n');
    if (!read) break;
    const std::string_view line = read->substr(0, read->size() - 1);
    is_done = handle_result(line);
    if (is_done || !handle_line(link, line)) break;
  }
  if (!is_done && !run_.aborted)
    record_failure("a process of the generator ended before it was done, and what it has measured is lost");
  --working_;
  link.has_ended = true;
  // A link that has ended holds up neither the start nor the end of a second.
  start_if_ready();
  add_complete_seconds();
  if (working_ == 0) reactor_.spawn(stop_reactor());
}

// A worker that got the signal of the whole process group may have ended before we see ours.
Task<> Supervisor::stop_reactor() {
  if (run_.result.interrupted && !was_interrupted_) {
    auto slept = co_await reactor_.sleep(same_instant);
  }
  reactor_.stop();
}

Task<> Supervisor::announce_interruption() {
  auto slept = co_await reactor_.sleep(same_instant);
  if (slept) observer_.on_interrupted();
}

Task<> Supervisor::send(Conn& link, std::string text) {
  auto written = co_await link.write(text);
  if (!written) link.abort();
}

// False: the line breaks the protocol of the link.
bool Supervisor::handle_line(Link& link, std::string_view line) {
  if (line.starts_with("opening ")) return handle_prelude(link, Progress::Phase::opening, line.substr(8));
  if (line.starts_with("warm-up ")) return handle_prelude(link, Progress::Phase::warming_up, line.substr(8));
  if (line.starts_with("second ")) return handle_second(link, line.substr(7));
  if (line != "ready") return false;
  link.is_ready = true;
  start_if_ready();
  return true;
}

bool Supervisor::handle_result(std::string_view line) {
  if (!line.starts_with("result ")) return false;
  const auto result = read_result_json(line.substr(7));
  if (result) run_.result.merge(*result);
  return result.has_value();
}

void Supervisor::start_if_ready() {
  const auto is_waited_for = [](const std::unique_ptr<Link>& link) {
    return !link->is_ready && !link->has_ended;
  };
  if (started_ || working_ == 0 || std::ranges::any_of(links_, is_waited_for)) return;
  started_ = true;
  const Time start = monotonic_now() + head_start;
  for (const auto& link : links_) {
    reactor_.spawn(send(link->conn, "start " + std::to_string(start.nanoseconds()) + "\n"));
  }
}

// Observes the sum of all links when the first of the working ones reports.
bool Supervisor::handle_prelude(Link& link, Progress::Phase phase, std::string_view text) {
  LoadSecond& so_far = link.so_far;
  const bool right = take_number(text, so_far.requests) && take_number(text, so_far.errors) &&
                     take_number(text, so_far.open_connections);
  LoadSecond sum;
  for (const auto& one : links_) {
    sum.requests += one->so_far.requests;
    sum.errors += one->so_far.errors;
    sum.open_connections += one->so_far.open_connections;
  }
  const auto first = std::ranges::find(links_, false, [](const auto& one) { return one->has_ended; });
  if (right && first->get() == &link) observer_.on_prelude(phase, sum);
  return right;
}

bool Supervisor::handle_second(Link& link, std::string_view text) {
  std::uint64_t number = 0, requests = 0, errors = 0, open = 0;
  const bool right = take_number(text, number) && take_number(text, requests) && take_number(text, errors) &&
                     take_number(text, open);
  const auto responses = Histogram::from_text(text);
  if (!right || !responses || number != link.seconds) return false;
  if (number - complete_ >= incomplete_.size()) incomplete_.resize(number - complete_ + 1);
  SecondSum& second = incomplete_[number - complete_];
  second.sum.requests += requests;
  second.sum.errors += errors;
  second.sum.open_connections += open;
  second.responses.merge(*responses);
  ++link.seconds;
  add_complete_seconds();
  return true;
}

void Supervisor::add_complete_seconds() {
  const auto is_past = [this](const std::unique_ptr<Link>& link) {
    return link->has_ended || link->seconds > complete_;
  };
  while (!incomplete_.empty() && std::ranges::all_of(links_, is_past)) {
    SecondSum& second = incomplete_.front();
    second.sum.p50 = second.responses.at(0.5);
    second.sum.p99 = second.responses.at(0.99);
    second.sum.max = second.responses.max();
    run_.result.seconds.push_back(second.sum);
    ++complete_;
    observer_.on_second(complete_, second.sum);
    incomplete_.erase(incomplete_.begin());
  }
}

}  // namespace reactord::load

#include "protocols/programs/worker_input.hpp"

#include <cerrno>
#include <utility>

#include "base/system.hpp"

namespace reactord {

Result<WatchHandle<WorkerInput>> WorkerInput::open(Reactor& reactor, FileDescriptor pipe,
                                                   Listener& listener) {
  WatchHandle<WorkerInput> input(new WorkerInput(reactor, pipe.release(), listener));
  auto added = reactor.add(*input);
  if (!added) return std::unexpected(std::move(added).error());
  return input;
}

void WorkerInput::write_some() {
  if (is_retired()) return;
  if (!queue_.empty()) {
    const ssize_t count = system::write(fd(), queue_.view().data(), queue_.size());
    if (count == -EAGAIN) return;
    if (count < 0) return listener_.on_input_failed();
    const auto written = static_cast<std::size_t>(count);
    is_within_line_ = written > 0 && queue_.view()[written - 1] != '\n';
    queue_.consume(written);
    listener_.on_input_taken();
  }
  if (is_finishing_ && queue_.empty()) reactor().retire(*this);
}

void WorkerInput::finish() {
  if (std::exchange(is_finishing_, true)) return;
  if (queue_.empty()) reactor().retire(*this);
}

Buffer WorkerInput::take_unwritten() noexcept {
  if (is_within_line_) {
    const std::size_t newline = queue_.view().find('\n');
    assert(newline != std::string_view::npos && "whole lines are written to it");
    queue_.consume(newline + 1);
    is_within_line_ = false;
  }
  return std::move(queue_);
}

}  // namespace reactord

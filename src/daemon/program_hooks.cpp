#include "daemon/program_hooks.hpp"

#include <exception>
#include <new>

namespace reactord {
namespace {

// Called within a catch clause.
std::string text_of_exception() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& failure) {
    return failure.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

std::optional<std::string> ProgramHooks::start() {
  if (!program_.on_start()) return std::nullopt;
  try {
    const auto started = program_.on_start()(reactor_);
    if (started) return std::nullopt;
    return started.error().text();
  } catch (...) {
    return text_of_exception();
  }
}

Task<std::optional<std::string>> ProgramHooks::call_on_stop() {
  if (!has_stop()) co_return std::nullopt;
  try {
    Task<Result<void>> stopping = program_.on_stop()(reactor_);
    const auto stopped = co_await std::move(stopping);
    if (stopped) co_return std::nullopt;
    co_return stopped.error().text();
  } catch (...) {
    co_return text_of_exception();
  }
}

Task<bool> ProgramHooks::stop(Duration longest) {
  longest_ = longest;
  if (is_hurried_) {
    reactor_.shutdown();
  } else {
    reactor_.arm(*this, reactor_.now() + longest);
  }
  Task<std::optional<std::string>> stopping = call_on_stop();
  const auto failure = co_await std::move(stopping);
  if (failure) log_.line(LogLevel::error, "stop-failed").add("error", *failure);
  reactor_.timers().cancel(*this);
  reactor_.shutdown();
  co_return !failure;
}

void ProgramHooks::on_timer() {
  log_.line(LogLevel::warn, "stop-cut-short").add_seconds("after", longest_);
  reactor_.shutdown();
}

void ProgramHooks::hurry() noexcept {
  is_hurried_ = true;
  if (!is_armed()) return;
  reactor_.timers().cancel(*this);
  reactor_.shutdown();
}

}  // namespace reactord

#include "daemon/metrics_file.hpp"

#include <cerrno>
#include <new>
#include <utility>

#include "base/system.hpp"
#include "base/system_files.hpp"
#include "daemon/metrics_report.hpp"

namespace reactord {
namespace {

// All of it, or an errno: the file system is full, say.
int write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t count = system::write(fd, text.data(), text.size());
    if (count <= 0) return count < 0 ? static_cast<int>(-count) : ENOSPC;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace

MetricsFile::MetricsFile(Reactor& reactor, ControlHost& host, Log& log) noexcept
    : reactor_(reactor), host_(host), log_(log), going_(reactor), changed_(reactor), task_ended_(reactor) {}

MetricsFile::~MetricsFile() {
  if (state_ == State::running) reactor_.shutdown();
}

void MetricsFile::follow(const std::string& path) {
  if (path == path_ || state_ == State::ended) return;
  // Memory may run out here, before anything has changed.
  std::string followed = path;
  if (state_ == State::unused) {
    Task<> writing = run(*this);
    state_ = State::running;
    reactor_.spawn(std::move(writing));
  }
  if (!path_.empty()) system::remove_file(path_.c_str());
  path_ = std::move(followed);
  failure_ = 0;
  changed_.set();
}

Task<> MetricsFile::run(MetricsFile& file) {
  while (!file.going_.is_done()) {
    file.changed_.reset();
    Time next = Time::never();
    if (!file.path_.empty()) {
      next = file.reactor_.now() + interval;
      try {
        Task<Result<std::string>> making = make_metrics(file.host_, file.going_, MetricsFormat::prometheus);
        auto text = co_await std::move(making);
        if (text) file.write(*text);
      } catch (const std::bad_alloc&) {
        file.tell(ENOMEM);
      }
    }
    auto waited = co_await file.changed_.wait(next);
    if (!waited && waited.error() != ErrorCode::deadline_exceeded) break;  // the loop ends
  }
  file.state_ = State::ended;
  file.task_ended_.set();
}

// The path may have gone meanwhile.
void MetricsFile::write(std::string_view text) {
  if (path_.empty()) return;
  const std::string temporary = path_ + ".tmp";
  const int fd = system::create_file(temporary.c_str(), 0644);
  if (fd < 0) return tell(-fd);
  int failure = write_all(fd, text);
  system::close(fd);
  if (failure == 0) failure = -system::rename_file(temporary.c_str(), path_.c_str());
  if (failure != 0) system::remove_file(temporary.c_str());
  tell(failure);
}

void MetricsFile::tell(int failure) noexcept {
  if (failure == std::exchange(failure_, failure)) return;
  try {
    if (failure == 0) {
      log_.line(LogLevel::info, "metrics-file-written").add("file", path_);
    } else {
      log_.line(LogLevel::error, "metrics-file-failed").add("file", path_).add("error", errno_text(failure));
    }
  } catch (const std::bad_alloc&) {
    log_.count_dropped();
  }
}

Task<> MetricsFile::stop(MetricsFile& file) {
  file.follow("");
  file.going_.cancel();
  file.changed_.set();
  if (file.state_ != State::running) co_return;
  auto ended = co_await file.task_ended_.wait();
}

}  // namespace reactord

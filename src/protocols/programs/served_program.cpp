#include "protocols/programs/served_program.hpp"

#include <utility>

#include "protocols/programs/process_per_connection.hpp"
#include "protocols/programs/worker_pool.hpp"

namespace reactord {

ServedProgram::ServedProgram(const ProgramHost& host, ProgramSettings settings)
    : host_(host), settings_(std::move(settings)) {}

ServedProgram::~ServedProgram() = default;

void ServedProgram::start() { change(settings_); }

// Connections keep the mode in which they have begun.
void ServedProgram::change(ProgramSettings settings) {
  settings_ = std::move(settings);
  if (settings_.mode == ProgramMode::connection) {
    if (processes_) return processes_->change(settings_);
    processes_ = std::make_unique<ProcessPerConnection>(host_, settings_);
    return;
  }
  if (!workers_) workers_ = std::make_unique<WorkerPool>(host_, settings_);
  workers_->change(settings_);
}

Task<> ServedProgram::stop() {
  if (processes_) {
    Task<> stopping = processes_->stop();
    co_await std::move(stopping);
  }
  if (workers_) {
    Task<> stopping = WorkerPool::stop(*workers_);
    co_await std::move(stopping);
  }
}

std::size_t ServedProgram::connections() const noexcept {
  return (workers_ ? workers_->connections() : 0) + (processes_ ? processes_->connections() : 0);
}

std::size_t ServedProgram::processes() const noexcept {
  return (workers_ ? workers_->processes() : 0) + (processes_ ? processes_->processes() : 0);
}

std::uint64_t ServedProgram::starts() const noexcept {
  return (workers_ ? workers_->starts() : 0) + (processes_ ? processes_->starts() : 0);
}

std::size_t ServedProgram::open_lines() const noexcept { return workers_ ? workers_->open_lines() : 0; }

Task<> ServedProgram::serve(Conn& conn, Context& context) {
  Task<> serving = settings_.mode == ProgramMode::worker ? WorkerPool::serve(*workers_, conn)
                                                         : processes_->serve(conn, context);
  co_await std::move(serving);
}

}  // namespace reactord

#include "protocols/programs/process_per_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/system.hpp"
#include "protocols/programs/silence_hint.hpp"

namespace reactord {
namespace {

class Counted {
 public:
  explicit Counted(std::size_t& count) noexcept : count_(count) { ++count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count_; }

 private:
  std::size_t& count_;
};

std::optional<gid_t> group_of_peer(const Conn& client) noexcept {
  ucred peer{};
  if (!client.remote_addr().is_unix() || client.fd() < 0) return {};
  if (system::peer_credentials(client.fd(), peer) < 0) return {};
  return peer.gid;
}

Pace pace_of(const ProgramSettings& settings) noexcept {
  return Pace({.per_second = settings.starts,
               .burst = std::min(settings.starts, ProcessPerConnection::starts_at_once)});
}

}  // namespace

ProcessPerConnection::ProcessPerConnection(const ProgramHost& host, ProgramSettings settings)
    : host_(host),
      settings_(std::move(settings)),
      environment_(settings_),
      turn_(host.reactor, 1),
      place_(host.reactor),
      running_(host.reactor) {
  assert(settings_.processes > 0);
}

ProcessPerConnection::~ProcessPerConnection() {
  assert(connections_ == 0);
  while (ConnectionProcess* const process = processes_.first()) drop(*process);
}

void ProcessPerConnection::change(ProgramSettings settings) {
  assert(settings.processes > 0);
  environment_ = ProgramEnvironment(settings);
  settings_ = std::move(settings);
  silence_is_told_ = false;
  place_.set();
}

Task<> ProcessPerConnection::serve(Conn& client, Context& context) {
  const Counted counted(connections_);
  Result<ConnectionProcess*> started = nullptr;
  {
    auto turn = co_await turn_.acquire(1, context);
    if (!turn) co_return;
    Task<bool> waiting = wait_for_turn(context);
    auto has_come = co_await std::move(waiting);
    if (!has_come || client.is_closed()) co_return;
    started = start(client);
  }
  if (!started) {
    co_await refuse(client, std::move(started).error());
    co_return;
  }
  class Served {
   public:
    Served(ProcessPerConnection& by, ConnectionProcess& process) noexcept : by_(by), process_(process) {}
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;
    ~Served() { by_.leave(process_); }

   private:
    ProcessPerConnection& by_;
    ConnectionProcess& process_;
  };
  const Served served(*this, **started);
  co_await (*started)->serve(client, context);
}

Task<bool> ProcessPerConnection::wait_for_turn(Context& context) {
  while (!is_stopping_ && processes() >= settings_.processes) {
    place_.reset();
    auto waited = co_await place_.wait(context);
    if (!waited) co_return false;
  }
  const Time due = starts_.due(pace_of(settings_), host_.reactor.now());
  if (due > host_.reactor.now()) {
    auto slept = co_await context.sleep_until(due);
    if (!slept) co_return false;
  }
  if (is_stopping_) co_return false;
  starts_.reserve(pace_of(settings_), host_.reactor.now());
  co_return true;
}

Result<ConnectionProcess*> ProcessPerConnection::start(Conn& client) {
  auto made = ConnectionProcess::start({.host = host_, .listener = *this}, settings_, environment_,
                                       {.number = ++started_,
                                        .local = client.local_addr(),
                                        .remote = client.remote_addr(),
                                        .remote_group = group_of_peer(client)});
  if (!made) return std::unexpected(std::move(made).error());
  ConnectionProcess& process = **made;
  processes_.push_front(*made->release());
  running_.add();
  ++process_starts_;
  host_.observer.on_program_started(process.process());
  return &process;
}

Task<> ProcessPerConnection::refuse(Conn& client, Error error) {
  host_.observer.on_program_not_started({.program = settings_.name, .remote = &client.remote_addr()}, error,
                                        0s);
  end_as(client, EndCause::error);
  const std::string name = settings_.name;
  auto told = co_await client.write("ERR cannot start ", name, "\n");
}

void ProcessPerConnection::leave(ConnectionProcess& process) noexcept {
  process.leave();
  if (process.has_ended()) drop(process);
}

void ProcessPerConnection::drop(ConnectionProcess& process) noexcept {
  List<ConnectionProcess>::remove(process);
  delete &process;
}

void ProcessPerConnection::on_process_silent(const ConnectionProcess& process) {
  if (std::exchange(silence_is_told_, true)) return;
  host_.observer.on_program_silent(process.process(), silence_hint(settings_.command));
}

void ProcessPerConnection::on_process_ended(ConnectionProcess& process) {
  running_.done();
  place_.set();
  if (process.is_left()) drop(process);
}

Task<> ProcessPerConnection::stop() {
  is_stopping_ = true;
  place_.set();
  for (ConnectionProcess* process = processes_.first(); process != nullptr;
       process = List<ConnectionProcess>::next(*process))
    process->finish();
  auto stopped = co_await running_.wait();
}

}  // namespace reactord

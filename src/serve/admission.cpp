#include "serve/admission.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "serve/server_core.hpp"

namespace reactord {
namespace {

std::uint64_t burst_of(const RateLimit& limit) noexcept {
  return limit.burst == 0 ? limit.per_second : limit.burst;
}

Refusal over_count(std::string_view option, const char* what, std::size_t most) {
  return {EndCause::over_limit, option,
          std::string("ERR too many connections") + what + " (max " + std::to_string(most) + ")\n"};
}

Refusal over_rate(std::string_view option, const char* what, std::uint32_t per_second) {
  return {EndCause::over_rate, option,
          std::string("ERR too many new connections") + what + " (max " + std::to_string(per_second) +
              " per second)\n"};
}

bool limits_addresses(const Limits& limits) noexcept {
  return limits.connections_per_address.most > 0 || limits.accepts_per_address.per_second > 0;
}

}  // namespace

Admission::Admission(ServerCore& server)
    : server_(server), reactor_(server.reactor()), limits_(server.limits()) {
  read_limits();
}

void Admission::read_limits() {
  const RateLimit& rate = limits_.accepts;
  const RateLimit& address_rate = limits_.accepts_per_address;
  accepts_pace_ = Pace(rate);
  address_pace_ = Pace(address_rate);
  connections_ = over_count("max-connections", "", limits_.connections.most);
  address_connections_ =
      over_count("max-connections-per-address", " from your address", limits_.connections_per_address.most);
  accepts_ = over_rate("accept-rate", "", rate.per_second);
  address_accepts_ = over_rate("accept-rate-per-address", " from your address", address_rate.per_second);
  has_limits_ = limits_.connections.most > 0 || rate.per_second > 0 || limits_addresses(limits_);
  addresses_.reset();
  if (limits_addresses(limits_)) addresses_.emplace(limits_.ip6_prefix);
}

// Waiting connections are put aside, in the order of each address, and admitted as if they had just been accepted. They
// are put aside first because an observer may change the limits again meanwhile.
void Admission::limits_changed() {
  while (!waiting_.empty()) {
    Waiting& first = *waiting_.back()->entry.queue.first();
    Service& service = first.service;
    put_aside_.emplace_back(&service, stop_waiting(first));
  }
  const bool was_total = has_limits_ && !addresses_ && put_aside_.empty();
  read_limits();
  // A total stays the same, and a walk over all connections takes long.
  if (!was_total || !has_limits_ || addresses_) {
    places_ = 0;
    if (has_limits_) server_.count_places();
  }
  while (!put_aside_.empty()) {
    auto [service, conn] = std::move(put_aside_.front());
    put_aside_.pop_front();
    readmit(*service, std::move(conn));
  }
  update_gate();
}

void Admission::readmit(Service& service, Conn conn) {
  if (!has_limits_) return server_.begin_session(service, std::move(conn), Begin::later);
  Address remote;
  try {
    remote = conn.remote_addr();
    admit(service, std::move(conn), Begin::later);
  } catch (const std::bad_alloc&) {
    server_.no_memory_for(service, remote);
  }
}

void Admission::mark_services() const noexcept {
  for (const auto& waiting : waiting_) waiting->service.mark_used();
  for (const auto& [service, conn] : put_aside_) service->mark_used();
}

bool Admission::is_full() const noexcept {
  return limits_.connections.most > 0 && places_ >= limits_.connections.most;
}

bool Admission::has_place(const Entry& entry) const noexcept {
  return limits_.connections_per_address.most == 0 || entry.served() < limits_.connections_per_address.most;
}

// The reason to refuse a new connection of this address, or null.
const Refusal* Admission::address_refusal(const Entry& entry, Time now) const noexcept {
  const CountLimit& count = limits_.connections_per_address;
  if (count.most > 0 && count.then == OverLimit::reject && entry.open >= count.most)
    return &address_connections_;
  if (!has_place(entry) && entry.waiting >= count.most) return &address_connections_;
  const RateLimit& rate = limits_.accepts_per_address;
  const Time due = rate.per_second > 0 ? entry.bucket.due(address_pace_, now) : now;
  const bool in_vain = limits_.idle_timeout > 0ns && due - now >= limits_.idle_timeout;
  const bool refused = rate.then == OverLimit::reject || in_vain || entry.waiting >= burst_of(rate);
  if (due > now && refused) return &address_accepts_;
  const bool no_room = must_wait(entry, due) && waiting_.size() >= Server::waiting_at_once;
  return no_room ? &waits_for(entry) : nullptr;
}

const Refusal& Admission::waits_for(const Entry& entry) const noexcept {
  return has_place(entry) ? address_accepts_ : address_connections_;
}

const Refusal* Admission::refusal(const Entry* entry, Time now) const noexcept {
  const Refusal* why = entry == nullptr ? nullptr : address_refusal(*entry, now);
  if (why != nullptr) return why;
  if (limits_.connections.then == OverLimit::reject && is_full()) return &connections_;
  const RateLimit& rate = limits_.accepts;
  if (rate.per_second > 0 && rate.then == OverLimit::reject && bucket_.due(accepts_pace_, now) > now)
    return &accepts_;
  return nullptr;
}

void Admission::admit(Service& service, Conn conn, Begin begin) {
  const Time now = reactor_.now();
  Entry* entry = addresses_ ? addresses_->enter(conn.remote_addr(), now) : nullptr;
  const Refusal* why = refusal(entry, now);
  if (why != nullptr) {
    if (entry != nullptr) addresses_->forget_if_unused(*entry, now);
    return reject(service, std::move(conn), *why, &rejections_);
  }
  if (limits_.accepts.per_second > 0) bucket_.reserve(accepts_pace_, now);
  const Time due = entry != nullptr && limits_.accepts_per_address.per_second > 0
                       ? entry->bucket.reserve(address_pace_, now)
                       : now;
  if (entry != nullptr && must_wait(*entry, due)) return wait_for_turn(service, std::move(conn), *entry, due);
  count_place(entry);
  update_gate();
  server_.begin_session(service, std::move(conn), begin);
}

// A new connection goes behind the waiting ones of its address.
bool Admission::must_wait(const Entry& entry, Time due) const noexcept {
  return due > reactor_.now() || entry.waiting > 0 || !has_place(entry);
}

void Admission::count_place(Entry* entry) noexcept {
  ++places_;
  if (entry != nullptr) addresses_->add(*entry);
}

void Admission::take_place(const Conn& conn) {
  count_place(addresses_ ? addresses_->enter(conn.remote_addr(), reactor_.now()) : nullptr);
  update_gate();
}

void Admission::leave_place(const Address& remote) {
  assert(places_ > 0);
  --places_;
  Entry* entry = addresses_ ? addresses_->find(remote) : nullptr;
  if (entry != nullptr && entry->served() > 0) {  // else it came while the table had no room
    const bool others_wait = entry->waiting > 0;
    addresses_->remove(*entry, reactor_.now());
    if (others_wait) arm_first(*entry);
  }
  update_gate();
}

void Admission::wait_for_turn(Service& service, Conn conn, Entry& entry, Time due) {
  if (waiting_.size() == waiting_.capacity())
    waiting_.reserve(std::max<std::size_t>(16, 2 * waiting_.size()));
  auto waiting = std::make_unique<Waiting>(*this, service, std::move(conn), entry);
  count_place(&entry);  // here, because nothing below allocates
  update_gate();
  Waiting& added = *waiting;
  added.why = &waits_for(entry);
  added.due = due;
  added.until = limits_.idle_timeout > 0ns ? reactor_.now() + limits_.idle_timeout : Time::never();
  added.index = waiting_.size();
  waiting_.push_back(std::move(waiting));
  entry.queue.push_back(added);
  ++entry.waiting;
  if (server_.is_draining()) return turn_came(added);
  if (entry.queue.first() == &added) arm_first(entry);
  report(*added.why, service, &added.conn.remote_addr());
}

// Arms the timer for when the first waiting connection can be served or has waited too long. It is served from the
// timer, on the loop's own stack: a session that ends as soon as it begins would else begin the next one from within
// its own end.
void Admission::arm_first(Entry& entry) {
  assert(!entry.queue.is_empty());
  Waiting& first = *entry.queue.first();
  const Time due = has_place(entry) ? first.due : Time::never();
  if (due <= reactor_.now()) return reactor_.timers().arm(first, tick_at_or_before(reactor_.now()));
  const Time next = std::min(due, first.until);
  if (next.is_never()) return reactor_.timers().cancel(first);
  reactor_.arm(first, next);
}

Conn Admission::stop_waiting(Waiting& waiting) {
  Entry& entry = waiting.entry;
  assert(waiting_[waiting.index].get() == &waiting);
  entry.queue.remove(waiting);
  --entry.waiting;
  Conn conn = std::move(waiting.conn);
  std::swap(waiting_[waiting.index], waiting_.back());
  waiting_[waiting.index]->index = waiting.index;
  waiting_.pop_back();
  return conn;
}

// Called for the first of its address: it is due and has a place, or it has waited too long, or the server drains.
void Admission::turn_came(Waiting& waiting) {
  Entry& entry = waiting.entry;
  assert(entry.queue.first() == &waiting);
  Service& service = waiting.service;
  const Time now = reactor_.now();
  const bool draining = server_.is_draining();
  const bool served = !draining && waiting.due <= now && has_place(entry);
  if (!served && !draining && waiting.until > now) return arm_first(entry);
  const Refusal* why = draining ? &drained_ : waiting.why;
  Conn conn = stop_waiting(waiting);
  const bool others_wait = entry.waiting > 0;
  if (!served) {
    --places_;
    addresses_->remove(entry, now);
  }
  if (others_wait) arm_first(entry);
  if (served) return server_.begin_session(service, std::move(conn), Begin::now);
  update_gate();
  const Address remote = conn.remote_addr();
  try {
    reject(service, std::move(conn), *why, draining ? nullptr : &rejections_);
  } catch (const std::bad_alloc&) {
    server_.no_memory_for(service, remote);
  }
}

void Admission::end_waiting() {
  while (!waiting_.empty()) turn_came(*waiting_.back()->entry.queue.first());
  update_gate();
}

// A drain waits for places but not for the rate: it will hold off no new client. After a kill nothing is waited for.
bool Admission::update_gate() {
  const bool full = limits_.connections.then == OverLimit::defer && is_full();
  const bool spent = limits_.accepts.then == OverLimit::defer && limits_.accepts.per_second > 0 &&
                     !server_.is_draining() && bucket_.due(accepts_pace_, reactor_.now()) > reactor_.now();
  const bool open = server_.is_killed() || (!full && !spent);
  if (open == gate_.is_open()) return open;
  if (open) {
    gate_.open();
  } else {
    gate_.close();
    server_.interrupt_listeners();  // pending accepts end, and wait at the gate instead
  }
  return open;
}

AcceptGate::Wait Admission::wait(const Service& service) noexcept {
  const Time now = reactor_.now();
  const Time due = limits_.accepts.then == OverLimit::defer ? bucket_.due(accepts_pace_, now) : now;
  return gate_.wait(reactor_, due > now && !server_.is_draining() ? due : Time::never(),
                    service.last_accept());
}

void Admission::report_gate(const Service& service) const {
  report(limits_.connections.then == OverLimit::defer && is_full() ? connections_ : accepts_, service,
         nullptr);
}

void Admission::report(const Refusal& limit, const Service& service, const Address* remote) const {
  if (server_.observer() == nullptr) return;
  server_.observer()->on_limit(
      {.limit = limit.limit, .action = "deferred", .protocol = service.protocol(), .remote = remote});
}

bool Admission::check(std::size_t places) const noexcept {
  return (!has_limits_ || places_ == places) && waiting_.size() <= places &&
         waiting_.size() <= Server::waiting_at_once && rejections_.size() <= Server::rejections_at_once &&
         (!addresses_ || addresses_->check());
}

}  // namespace reactord

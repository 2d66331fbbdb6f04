#include "daemon/listener_change.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>
#include <utility>

#include "base/system.hpp"
#include "daemon/program.hpp"
#include "daemon/programs.hpp"

namespace reactord {
namespace {

Error passed_error(const ListenOption& option, const std::string& why) {
  return Error::invalid(option.text() + ": " + why);
}

}  // namespace

Task<Result<void>> ListenerChange::run(ListenerChange& self) {
  assert(self.opened_.empty() && self.resumed_.empty());
  Result<void> opened = std::unexpected(Error::from_errno(ENOMEM));
  try {
    Task<Result<void>> opening = open_all(self);
    auto done = co_await std::move(opening);
    opened = std::move(done);
  } catch (const std::bad_alloc&) {  // reported as ENOMEM, set above
  }
  if (!opened) {
    self.stop_resumed();
    Task<> closing = close_opened(self);
    co_await std::move(closing);
    co_return opened;
  }
  Task<> following = follow(self);
  co_await std::move(following);
  co_return opened;
}

Task<Result<void>> ListenerChange::open_all(ListenerChange& self) {
  TurnShare share(Listeners::changes_per_turn, Listeners::change_time_per_turn);
  for (const ListenOption* option : self.plan_.fresh) {
    auto done = self.open(*option);
    if (!done) co_return done;
    if (share.is_spent()) {
      co_await self.listeners_.reactor_.next_turn();
    }
  }
  co_return Result<void>{};
}

Task<> ListenerChange::close_opened(ListenerChange& self) {
  TurnShare share(Listeners::changes_per_turn, Listeners::change_time_per_turn);
  while (!self.opened_.empty()) {
    self.opened_.pop_back();
    if (share.is_spent()) {
      co_await self.listeners_.reactor_.next_turn();
    }
  }
}

void ListenerChange::stop_resumed() noexcept {
  for (const Resumed& one : resumed_) listeners_.server_.stop_listening(one.served.id);
}

Task<> ListenerChange::follow(ListenerChange& self) {
  TurnShare share(Listeners::changes_per_turn, Listeners::change_time_per_turn);
  for (const ListenerId id : self.plan_.ending) {
    self.end(id);
    if (share.is_spent()) {
      co_await self.listeners_.reactor_.next_turn();
    }
  }
  for (const ListenerPlan::Kept& kept : self.plan_.kept) {
    self.keep(kept);
    if (share.is_spent()) {
      co_await self.listeners_.reactor_.next_turn();
    }
  }
  for (const Resumed& resumed : self.resumed_) self.serve_again(resumed);
  for (Opened& opened : self.opened_) {
    self.begin(opened);
    if (share.is_spent()) {
      co_await self.listeners_.reactor_.next_turn();
    }
  }
}

AnyHandler ListenerChange::handler_of(const ListenOption& option) const {
  if (const Protocol* const protocol = options_.program->find_protocol(option.protocol))
    return protocol->handler();
  StreamHandler* const program =
      listeners_.programs_ == nullptr ? nullptr : listeners_.programs_->find(option.protocol);
  assert(program != nullptr && "programs are prepared before the listeners change");
  return *program;
}

// ---- Opening

Result<void> ListenerChange::open(const ListenOption& option) {
  if (option.is_passed()) return open_passed(option);
  if (resume(option)) return {};
  const auto place = listen_place(option);
  if (!place) return std::unexpected(place.error());
  ListenOptions how;
  how.reuse_port = options_.reuse_port;
  how.file = option.file;
  how.on_pause = listeners_.on_pause_;
  // An address implies its network, except every address of one family.
  auto listener =
      place->network == Network::tcp4 || place->network == Network::tcp6
          ? listen(listeners_.reactor_, to_string(place->network), place->address.text(), std::move(how))
          : listen(listeners_.reactor_, place->address, std::move(how));
  if (!listener) return std::unexpected(std::move(listener).error());
  opened_.push_back({&option, std::move(*listener)});
  return {};
}

// Resumes a listener at the same place that is about to close.
bool ListenerChange::resume(const ListenOption& option) {
  const auto found = listeners_.ending_.find(place_name(option).text);
  if (found == listeners_.ending_.end()) return false;
  const ListenerId id = found->second.id;
  resumed_.push_back({found->second, &option});
  if (listeners_.server_.is_reachable(id) && listeners_.server_.resume_listening(id)) return true;
  resumed_.pop_back();
  return false;
}

// Opens the passed sockets of its name that are not served.
Result<void> ListenerChange::open_passed(const ListenOption& option) {
  listeners_.take_passed(option.passed_name());
  bool is_there = false;
  for (const PassedSocket& socket : listeners_.held_) {
    if (socket.name() != option.passed_name()) continue;
    is_there = true;
    if (listeners_.served_numbers_.contains(socket.number())) continue;
    auto adopted = adopt(option, socket);
    if (!adopted) return adopted;
  }
  if (is_there) return {};
  const std::vector<std::string>& names = listeners_.passed_names_;
  const bool was_there = std::ranges::find(names, option.passed_name()) != names.end();
  return std::unexpected(passed_error(
      option, was_there
                  ? "it was closed at the start, when nothing wanted it: restart, and it is passed again"
              : names.empty() ? "no socket of that name has been passed; none has: start it by a socket unit"
                              : "no socket of that name has been passed; there are: " + joined(names)));
}

Result<void> ListenerChange::adopt(const ListenOption& option, const PassedSocket& socket) {
  if (!socket.address()) {
    return std::unexpected(passed_error(option, "the socket passed as descriptor " +
                                                    std::to_string(socket.number()) + ": " +
                                                    socket.address().error().text()));
  }
  // Each time it is served it gets a descriptor of its own: the passed one stays open.
  Socket own(system::duplicate(socket.fd()));
  if (own.fd < 0) return std::unexpected(Error::from_errno(-own.fd, "fcntl"));
  auto listener =
      adopt_listener(listeners_.reactor_, own.fd, {.stream = {}, .on_pause = listeners_.on_pause_});
  if (!listener) return std::unexpected(std::move(listener).error());
  own.release();
  opened_.push_back({&option, std::move(*listener), socket.number()});
  return {};
}

// ---- Following

void ListenerChange::end(ListenerId id) {
  const auto found = listeners_.served_.find(id);
  if (found == listeners_.served_.end()) return;  // it has failed meanwhile
  const Served& served = found->second;
  change_.removed.push_back(served);
  if (served.option.is_passed()) {
    change_.unserved.push_back(served);
  } else {
    listeners_.ending_.emplace(place_name(served.option).text, served);
  }
  auto gone = listeners_.forget(id);
  listeners_.server_.stop_listening(id);
}

void ListenerChange::keep(const ListenerPlan::Kept& kept) {
  const auto found = listeners_.served_.find(kept.id);
  if (found == listeners_.served_.end()) return;  // it has failed meanwhile
  Served& served = found->second;
  if (served.option.is_passed() && !listeners_.server_.is_reachable(kept.id))
    change_.unreachable.push_back(served);
  if (served.option.protocol != kept.becomes->protocol) change_.removed.push_back(served);
  become(served, *kept.becomes);
}

// Gives a served listener the file mode or the protocol of the option, if they differ.
void ListenerChange::become(Served& served, const ListenOption& option) {
  Server& server = listeners_.server_;
  if (option.file != SocketFileOptions{}) {
    auto set = server.set_socket_file(served.id, option.file);
    if (!set) change_.failures.push_back(std::move(set).error());
  }
  Served next = served;
  next.option = option;
  if (served.option.protocol == option.protocol) {
    served = std::move(next);
    return;
  }
  next.since = listeners_.reactor_.now();
  change_.added.push_back(next);
  const ListenerId before = served.id;
  const ListenerId id = server.change_handler(before, handler_of(option), option.protocol);
  if (id == 0) {  // it has failed
    change_.added.pop_back();
    return;
  }
  change_.added.back().id = id;
  served = std::move(next);
  become_known_as(before, id);
}

void ListenerChange::serve_again(const Resumed& resumed) {
  const ListenerId id = resumed.served.id;
  const auto [first, last] = listeners_.ending_.equal_range(place_name(resumed.served.option).text);
  const auto found = std::find_if(first, last, [id](const auto& one) { return one.second.id == id; });
  if (found == last || !listeners_.server_.is_reachable(id)) return;  // it has failed meanwhile
  const bool is_changed = resumed.served.option.protocol != resumed.becomes->protocol;
  if (!is_changed) change_.added.push_back(resumed.served);
  listeners_.serve(resumed.served);
  listeners_.ending_.erase(found);
  become(listeners_.served_.at(id), *resumed.becomes);
}

// It is recorded before it is served, under an id that no listener has.
void ListenerChange::begin(Opened& opened) {
  constexpr ListenerId none = 0;
  change_.added.push_back(
      {*opened.option, opened.listener.local_addr(), none, opened.passed_number, listeners_.reactor_.now()});
  listeners_.serve(change_.added.back());
  ListenerId id = none;
  try {
    id = listeners_.server_.listen(std::move(opened.listener), handler_of(*opened.option),
                                   opened.option->protocol);
  } catch (const std::bad_alloc&) {
    auto gone = listeners_.forget(none);
    throw;
  }
  change_.added.back().id = id;
  become_known_as(none, id);
}

void ListenerChange::become_known_as(ListenerId before, ListenerId now) {
  auto record = listeners_.served_.extract(before);
  record.key() = record.mapped().id = now;
  listeners_.served_.insert(std::move(record));
}

}  // namespace reactord

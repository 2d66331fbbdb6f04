#include "daemon/listeners.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <utility>
#include <variant>

#include "base/system.hpp"
#include "protocols/table.hpp"

namespace reactord {
namespace {

Handler handler_of(const ListenOption& option) { return find_protocol(option.protocol)->handler(); }

Error passed_error(const ListenOption& option, const std::string& why) {
  return Error::invalid(option.text() + ": " + why);
}

}  // namespace

std::vector<ListenOption> wanted_listeners(const Options& options,
                                           const std::vector<std::string>& passed_names) {
  if (!options.listen.empty()) return options.listen;
  std::vector<ListenOption> wanted;
  for (const std::string& name : passed_names) {
    if (find_protocol(name) != nullptr) {
      wanted.push_back({name, std::string(ListenOption::passed_prefix) + name});
    }
  }
  if (passed_names.empty()) wanted.push_back({"line", ":9090"});
  return wanted;
}

std::size_t listening_descriptors(const std::vector<ListenOption>& wanted,
                                  const std::vector<std::string>& held,
                                  const std::vector<std::string>& unclaimed) {
  const auto named = [](const std::vector<std::string>& names, const ListenOption& option) {
    return static_cast<std::size_t>(std::ranges::count(names, option.passed_name()));
  };
  std::size_t count = held.size();
  for (const ListenOption& option : wanted) {
    count += option.is_passed() ? named(held, option) + 2 * named(unclaimed, option) : 1;
  }
  return count;
}

Listeners::Listeners(Reactor& reactor, Server& server, PassedSockets passed, OnPause on_pause)
    : reactor_(reactor), server_(server), passed_(std::move(passed)), on_pause_(std::move(on_pause)) {}

std::vector<std::string> Listeners::passed_names() const {
  std::vector<std::string> names = passed_.names();
  for (const PassedSocket& socket : held_) {
    if (std::ranges::find(names, socket.name()) == names.end()) names.push_back(socket.name());
  }
  return names;
}

std::vector<PassedSocket> Listeners::take_unused() { return passed_.rest(); }

void Listeners::take_passed(std::string_view name) {
  for (PassedSocket& socket : passed_.take_by_name(name)) held_.push_back(std::move(socket));
}

Result<void> Listeners::adopt(const ListenOption& option, const PassedSocket& socket,
                              std::vector<Opened>& opened) {
  if (!socket.address()) {
    return std::unexpected(passed_error(option, "the socket passed as descriptor " +
                                                    std::to_string(socket.number()) + ": " +
                                                    socket.address().error().text()));
  }
  // A descriptor of its own for each time it is served: the passed one stays.
  Socket own(system::duplicate(socket.fd()));
  if (own.fd < 0) return std::unexpected(Error::from_errno(-own.fd, "fcntl"));
  auto listener = adopt_listener(reactor_, own.fd, {.stream = {}, .on_pause = on_pause_});
  if (!listener) return std::unexpected(std::move(listener).error());
  own.release();
  opened.push_back({option, std::move(*listener), socket.number()});
  return {};
}

bool Listeners::is_served(const PassedSocket& socket) const noexcept {
  return std::ranges::find(served_, socket.number(), &Served::passed_number) != served_.end();
}

bool Listeners::has_unserved(const ListenOption& option) const noexcept {
  return std::ranges::any_of(held_, [&](const PassedSocket& socket) {
    return socket.name() == option.passed_name() && !is_served(socket);
  });
}

Result<void> Listeners::open_passed(const ListenOption& option, std::vector<Opened>& opened) {
  take_passed(option.passed_name());
  const std::size_t before = opened.size();
  for (const PassedSocket& socket : held_) {
    if (socket.name() != option.passed_name() || is_served(socket)) continue;
    auto adopted = adopt(option, socket, opened);
    if (!adopted) return adopted;
  }
  if (opened.size() > before) return {};
  std::string names;
  for (const std::string& name : passed_names()) names += ' ' + name;
  return std::unexpected(passed_error(
      option, "no socket of that name has been passed; " +
                  (names.empty() ? "none has: start it by a socket unit" : "there are:" + names)));
}

Result<void> Listeners::open(const ListenOption& option, bool reuse_port, std::vector<Opened>& opened) {
  if (option.is_passed()) return open_passed(option, opened);
  const auto address = Address::parse(option.address);
  if (!address) return std::unexpected(address.error());
  ListenOptions how;
  how.reuse_port = reuse_port;
  how.on_pause = on_pause_;
  auto listener = listen(reactor_, *address, std::move(how));
  if (!listener) return std::unexpected(std::move(listener).error());
  opened.push_back({option, std::move(*listener)});
  return {};
}

void Listeners::change_handler(Served& served, const ListenOption& option, Change& change) {
  change.removed.push_back(served);
  const auto begin = [&](auto* one) { return server_.change_handler(served.id, *one, option.protocol); };
  served.id = std::visit(begin, handler_of(option));
  assert(served.id != 0);  // one that has failed was forgotten
  served.option = option;
  change.added.push_back(served);
}

// A place is one listener's; but of one name several sockets may have been passed, and of port 0 each is another one.
Listeners::Plan Listeners::plan(const std::vector<ListenOption>& wanted) const {
  Plan plan;
  std::vector<bool> taken(wanted.size());
  for (const Served& served : served_) {
    const ListenOption& option = served.option;
    plan.becomes.emplace_back();
    for (std::size_t index = 0; index < wanted.size(); ++index) {
      const bool is_equal =
          wanted[index].address == option.address && wanted[index].protocol == option.protocol;
      if (!is_equal && !is_same_place(wanted[index], option)) continue;
      if (taken[index] && !option.is_passed()) continue;
      taken[index] = true;
      plan.becomes.back() = wanted[index];
      break;
    }
  }
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    // Of several passed sockets of one name, one may have failed.
    const bool is_incomplete = wanted[index].is_passed() && has_unserved(wanted[index]);
    if (!taken[index] || is_incomplete) plan.fresh.push_back(wanted[index]);
  }
  return plan;
}

Result<Listeners::Change> Listeners::change_to(const Options& options) {
  const Plan plan = this->plan(wanted_listeners(options, passed_names()));
  std::vector<Opened> opened;
  for (const ListenOption& option : plan.fresh) {
    const auto done = open(option, options.reuse_port, opened);
    if (!done) return std::unexpected(done.error());
  }
  return follow(plan, std::move(opened));
}

// Nothing here fails.
Listeners::Change Listeners::follow(const Plan& plan, std::vector<Opened> opened) {
  Change change;
  std::vector<Served> serving;
  for (std::size_t index = 0; index < served_.size(); ++index) {
    Served& served = served_[index];
    const std::optional<ListenOption>& becomes = plan.becomes[index];
    if (!becomes) {
      server_.stop_listening(served.id);
      change.removed.push_back(served);
      continue;
    }
    if (served.option.protocol != becomes->protocol) change_handler(served, *becomes, change);
    serving.push_back(served);
  }
  for (Opened& one : opened) {
    const Address address = one.listener.local_addr();
    const auto begin = [&](auto* handler) {
      return server_.listen(std::move(one.listener), *handler, one.option.protocol);
    };
    const ListenerId id = std::visit(begin, handler_of(one.option));
    serving.push_back({one.option, address, id, one.passed_number});
    change.added.push_back(serving.back());
  }
  served_ = std::move(serving);
  return change;
}

std::optional<Listeners::Served> Listeners::forget(ListenerId id) {
  const auto found = std::ranges::find(served_, id, &Served::id);
  if (found == served_.end()) return std::nullopt;
  Served gone = std::move(*found);
  served_.erase(found);
  return gone;
}

std::size_t Listeners::descriptors(const Options& options) const {
  std::vector<std::string> held;
  for (const PassedSocket& socket : held_) held.push_back(socket.name());
  return listening_descriptors(wanted_listeners(options, passed_names()), held, passed_.all_names());
}

std::string Listeners::text() const {
  std::string text;
  for (const Served& served : served_) {
    text += (text.empty() ? "" : " ") + served.option.protocol + '@' + served.address.text();
  }
  return text;
}

}  // namespace reactord

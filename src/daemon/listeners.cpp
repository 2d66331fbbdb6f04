#include "daemon/listeners.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <ranges>
#include <unordered_map>
#include <utility>
#include <variant>

#include "base/system.hpp"
#include "daemon/shown_address.hpp"
#include "net/unix_path.hpp"
#include "protocols/table.hpp"

namespace reactord {
namespace {

constexpr std::size_t shown_listeners = 8;

Handler handler_of(const ListenOption& option) { return find_protocol(option.protocol)->handler(); }

Error passed_error(const ListenOption& option, const std::string& why) {
  return Error::invalid(option.text() + ": " + why);
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Error nowhere(const std::vector<std::string>& passed_names) {
  std::vector<std::string> known;
  for (const Protocol& protocol : protocols()) known.emplace_back(protocol.name);
  return Error::invalid("nothing to listen at: of the sockets that were passed (" + joined(passed_names) +
                        ") none has the name of a protocol (" + joined(known) +
                        "): write FileDescriptorName= in the socket unit, or listen = PROTOCOL@systemd:" +
                        passed_names.front());
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
  std::unordered_map<std::string_view, std::size_t> by_name;
  for (const std::string& name : held) ++by_name[name];
  for (const std::string& name : unclaimed) by_name[name] += 2;
  std::size_t count = held.size();
  for (const ListenOption& option : wanted) {
    count += option.is_passed() ? by_name[option.passed_name()] : 1;
  }
  return count;
}

Listeners::Listeners(Reactor& reactor, Server& server, PassedSockets passed, OnPause on_pause)
    : reactor_(reactor),
      server_(server),
      passed_(std::move(passed)),
      passed_names_(passed_.names()),
      on_pause_(std::move(on_pause)) {}

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
  opened.push_back({&option, std::move(*listener), socket.number()});
  return {};
}

// Those of its name that are not served yet, or not any more.
Result<void> Listeners::open_passed(const ListenOption& option, std::vector<Opened>& opened) {
  take_passed(option.passed_name());
  bool is_there = false;
  for (const PassedSocket& socket : held_) {
    if (socket.name() != option.passed_name()) continue;
    is_there = true;
    if (served_numbers_.contains(socket.number())) continue;
    auto adopted = adopt(option, socket, opened);
    if (!adopted) return adopted;
  }
  if (is_there) return {};
  return std::unexpected(passed_error(
      option, "no socket of that name has been passed; " + (passed_names_.empty()
                                                                ? "none has: start it by a socket unit"
                                                                : "there are: " + joined(passed_names_))));
}

// One that is about to close, at the same place.
bool Listeners::resume(const ListenOption& option, std::vector<Resumed>& resumed) {
  const auto found = ending_.find(place_name(option).text);
  if (found == ending_.end() || !server_.is_reachable(found->second.id)) return false;
  if (!server_.resume_listening(found->second.id)) return false;
  resumed.push_back({std::move(found->second), &option});
  ending_.erase(found);
  return true;
}

Result<void> Listeners::open(const ListenOption& option, bool reuse_port, Fresh& fresh) {
  if (option.is_passed()) return open_passed(option, fresh.opened);
  if (resume(option, fresh.resumed)) return {};
  const auto place = listen_place(option);
  if (!place) return std::unexpected(place.error());
  ListenOptions how;
  how.reuse_port = reuse_port;
  how.file = option.file;
  how.on_pause = on_pause_;
  // An address says by itself which network it is of, but for every address of one family.
  auto listener = place->network == Network::tcp4 || place->network == Network::tcp6
                      ? listen(reactor_, to_string(place->network), place->address.text(), std::move(how))
                      : listen(reactor_, place->address, std::move(how));
  if (!listener) return std::unexpected(std::move(listener).error());
  fresh.opened.push_back({&option, std::move(*listener)});
  return {};
}

ListenerPlan Listeners::plan(const std::vector<ListenOption>& wanted) const {
  std::vector<ListenerPlan::There> there;
  there.reserve(served_.size());
  for (const auto& [id, served] : served_) there.push_back({id, &served.option, server_.is_reachable(id)});
  return ListenerPlan::make(wanted, there);
}

Task<Result<Listeners::Change>> Listeners::change_to(const Options& options) {
  const std::vector<ListenOption> wanted = wanted_listeners(options, passed_names_);
  if (wanted.empty()) co_return std::unexpected(nowhere(passed_names_));
  forget_closed();
  const ListenerPlan made = plan(wanted);
  Fresh fresh;
  Task<Result<void>> opening = open_all(*this, made, options, fresh);
  auto opened = co_await std::move(opening);
  if (!opened) {
    Task<> taking_back = take_back(*this, fresh);
    co_await std::move(taking_back);
    co_return std::unexpected(std::move(opened).error());
  }
  Change change;
  Task<> following = follow(*this, made, fresh, change);
  co_await std::move(following);
  co_return change;
}

Task<Result<void>> Listeners::open_all(Listeners& self, const ListenerPlan& plan, const Options& options,
                                       Fresh& fresh) {
  for (std::size_t index = 0; index < plan.fresh.size(); ++index) {
    if (index % changes_per_turn == changes_per_turn - 1) co_await self.reactor_.next_turn();
    auto done = self.open(*plan.fresh[index], options.reuse_port, fresh);
    if (!done) co_return done;
  }
  co_return Result<void>{};
}

Task<> Listeners::take_back(Listeners& self, Fresh& fresh) {
  for (Resumed& one : fresh.resumed) {
    self.server_.stop_listening(one.served.id);
    std::string place = place_name(one.served.option).text;
    self.ending_.emplace(std::move(place), std::move(one.served));
  }
  while (!fresh.opened.empty()) {
    fresh.opened.pop_back();
    if (fresh.opened.size() % changes_per_turn == 0) co_await self.reactor_.next_turn();
  }
}

// Nothing here fails. A listener may fail meanwhile: it is not served any more then.
Task<> Listeners::follow(Listeners& self, const ListenerPlan& plan, Fresh& fresh, Change& change) {
  std::size_t changes = 0;
  for (const ListenerId id : plan.ending) {
    self.end(id, change);
    if (++changes % changes_per_turn == 0) co_await self.reactor_.next_turn();
  }
  for (const ListenerPlan::Kept& kept : plan.kept) {
    self.keep(kept, change);
    if (++changes % changes_per_turn == 0) co_await self.reactor_.next_turn();
  }
  for (Resumed& resumed : fresh.resumed) self.serve_again(resumed, change);
  for (Opened& opened : fresh.opened) {
    self.begin(opened, change);
    if (++changes % changes_per_turn == 0) co_await self.reactor_.next_turn();
  }
}

void Listeners::end(ListenerId id, Change& change) {
  auto gone = forget(id);
  if (!gone) return;
  server_.stop_listening(id);
  change.removed.push_back(*gone);
  if (gone->option.is_passed()) {
    change.unserved.push_back(std::move(*gone));
  } else {
    ending_.emplace(place_name(gone->option).text, std::move(*gone));
  }
}

const Listeners::Served& Listeners::serve(Served served) {
  if (served.passed_number > 0) served_numbers_.insert(served.passed_number);
  const ListenerId id = served.id;
  return served_.insert_or_assign(id, std::move(served)).first->second;
}

const Listeners::Served& Listeners::change_handler(ListenerId id, const ListenOption& option) {
  auto changed = forget(id);
  const auto begin = [&](auto* one) { return server_.change_handler(id, *one, option.protocol); };
  changed->id = std::visit(begin, handler_of(option));
  assert(changed->id != 0);  // one that has failed was forgotten
  changed->option = option;
  return serve(std::move(*changed));
}

void Listeners::keep(const ListenerPlan::Kept& kept, Change& change) {
  const auto found = served_.find(kept.id);
  if (found == served_.end()) return;  // it has failed meanwhile
  Served& served = found->second;
  if (served.option.is_passed() && !server_.is_reachable(kept.id)) change.unreachable.push_back(served);
  if (kept.becomes->file != SocketFileOptions{}) {
    const auto [result, call] =
        set_socket_file(std::string(served.address.path()).c_str(), kept.becomes->file);
    if (result < 0)
      change.failures.push_back(
          Error::from_errno(-result, call).with_operation("listen", "unix", "", served.address.text()));
  }
  if (served.option.protocol == kept.becomes->protocol) {
    served.option = *kept.becomes;
    return;
  }
  change.removed.push_back(served);
  change.added.push_back(change_handler(kept.id, *kept.becomes));
}

void Listeners::serve_again(Resumed& resumed, Change& change) {
  const ListenerId id = resumed.served.id;
  const bool is_changed = resumed.served.option.protocol != resumed.becomes->protocol;
  resumed.served.option.file = resumed.becomes->file;
  const Served& served = serve(std::move(resumed.served));
  change.added.push_back(is_changed ? change_handler(id, *resumed.becomes) : served);
}

void Listeners::begin(Opened& opened, Change& change) {
  const Address address = opened.listener.local_addr();
  const auto begin = [&](auto* handler) {
    return server_.listen(std::move(opened.listener), *handler, opened.option->protocol);
  };
  const ListenerId id = std::visit(begin, handler_of(*opened.option));
  change.added.push_back(serve({*opened.option, address, id, opened.passed_number}));
}

std::optional<Listeners::Served> Listeners::forget(ListenerId id) {
  auto found = served_.extract(id);
  if (found.empty()) return std::nullopt;
  served_numbers_.erase(found.mapped().passed_number);
  return std::move(found.mapped());
}

void Listeners::forget_closed() {
  std::erase_if(ending_, [this](const auto& one) { return !server_.is_reachable(one.second.id); });
}

std::size_t Listeners::descriptors(const Options& options) const {
  std::vector<std::string> held;
  for (const PassedSocket& socket : held_) held.push_back(socket.name());
  return listening_descriptors(wanted_listeners(options, passed_names_), held, passed_.all_names());
}

std::string Listeners::text() const {
  std::string text;
  std::size_t shown = 0;
  for (const Served& served : std::views::values(served_)) {
    if (shown++ == shown_listeners)
      return text + " and " + std::to_string(served_.size() - shown_listeners) + " more";
    text += (text.empty() ? "" : " ") + served.option.protocol + '@' + shown_address(served.address);
  }
  return text;
}

}  // namespace reactord

#include "daemon/listeners.hpp"

#include <algorithm>
#include <new>
#include <ranges>
#include <unordered_map>
#include <utility>

#include "daemon/listener_change.hpp"
#include "daemon/program.hpp"
#include "daemon/shown_address.hpp"

namespace reactord {
namespace {

constexpr std::size_t shown_listeners = 8;

Error nowhere(const Options& options, const std::vector<std::string>& passed_names) {
  std::vector<std::string> known;
  for (const Protocol& protocol : options.program->protocols()) known.emplace_back(protocol.name);
  for (const ProgramSettings& program : options.programs) known.push_back(program.name);
  return Error::invalid("nothing to listen at: of the sockets that were passed (" + joined(passed_names) +
                        ") none has the name of a protocol (" + joined(known) +
                        "): write FileDescriptorName= in the socket unit, or listen = PROTOCOL@systemd:" +
                        passed_names.front());
}

}  // namespace

Listeners::Listeners(Reactor& reactor, Server& server, PassedSockets passed, OnPause on_pause,
                     Programs* programs)
    : reactor_(reactor),
      server_(server),
      passed_(std::move(passed)),
      passed_names_(passed_.names()),
      on_pause_(std::move(on_pause)),
      programs_(programs) {}

std::vector<PassedSocket> Listeners::take_unused() { return passed_.rest(); }

void Listeners::take_passed(std::string_view name) {
  for (PassedSocket& socket : passed_.take_by_name(name)) held_.push_back(std::move(socket));
}

ListenerPlan Listeners::plan(const std::vector<ListenOption>& wanted) const {
  std::vector<ListenerPlan::There> there;
  there.reserve(served_.size());
  for (const auto& [id, served] : served_) there.push_back({id, &served.option, server_.is_reachable(id)});
  return ListenerPlan::make(wanted, there);
}

Task<Result<Listeners::Change>> Listeners::change_to(const Options& options) {
  const std::vector<ListenOption> wanted = wanted_listeners(options, passed_names_);
  if (wanted.empty()) co_return std::unexpected(nowhere(options, passed_names_));
  forget_closed();
  const ListenerPlan made = plan(wanted);
  ListenerChange change(*this, made, options);
  Task<Result<void>> changing = ListenerChange::run(change);
  auto changed = co_await std::move(changing);
  if (!changed) co_return std::unexpected(std::move(changed).error());
  co_return change.take();
}

std::vector<ListenOption> Listeners::in_use() const {
  std::vector<ListenOption> options;
  for (const Served& one : std::views::values(served_)) options.push_back(one.option);
  for (const Served& one : std::views::values(ending_)) options.push_back(one.option);
  return options;
}

const Listeners::Served& Listeners::serve(Served served) {
  const auto [place, is_new] = served_.emplace(served.id, std::move(served));
  try {
    if (place->second.passed_number > 0) served_numbers_.insert(place->second.passed_number);
  } catch (const std::bad_alloc&) {
    served_.erase(place);
    throw;
  }
  return place->second;
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

std::vector<Listeners::Served> Listeners::served() const {
  const auto all = std::views::values(served_);
  return {all.begin(), all.end()};
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

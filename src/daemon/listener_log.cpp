#include "daemon/listener_log.hpp"

#include <string>

#include "daemon/shown_address.hpp"

namespace reactord {
namespace {

constexpr std::string_view nobody_answers = ": whoever connects there waits, and nobody answers";

void log_unreachable(Log& log, const Listeners::Served& one) {
  log.line(LogLevel::warn, "unreachable")
      .add("address", shown_address(one.address))
      .add("passed-as", one.option.passed_name())
      .add("reason", "its file is gone, nobody can connect: restart the socket unit, which makes it anew");
}

void log_unserved(Log& log, const Listeners::Served& one) {
  const std::string name(one.option.passed_name());
  log.line(LogLevel::warn, "passed-socket-unserved")
      .add("address", shown_address(one.address))
      .add("passed-as", name)
      .add("reason",
           "the configuration has listen, and none with systemd:" + name + std::string(nobody_answers));
}

}  // namespace

void log_change(Log& log, const Listeners::Change& change) {
  for (const Listeners::Served& one : change.removed) log_listener(log, "not-listening", one);
  for (const Listeners::Served& one : change.added) log_listener(log, "listening", one);
  for (const Listeners::Served& one : change.unreachable) log_unreachable(log, one);
  for (const Listeners::Served& one : change.unserved) log_unserved(log, one);
  for (const Error& error : change.failures)
    log.line(LogLevel::error, "socket-file-failed").add("error", error.text());
}

void log_listener(Log& log, std::string_view event, const Listeners::Served& one) {
  auto line = log.line(LogLevel::info, event);
  line.add("protocol", one.option.protocol).add("address", shown_address(one.address));
  if (one.option.is_passed()) line.add("passed-as", one.option.passed_name());
}

void log_unused(Log& log, const std::vector<PassedSocket>& sockets) {
  for (const PassedSocket& socket : sockets) {
    auto line = log.line(LogLevel::warn, "passed-socket-closed");
    line.add("name", socket.name()).add("descriptor", static_cast<std::uint64_t>(socket.number()));
    if (!socket.address()) {
      line.add("reason", socket.address().error().text());
      continue;
    }
    line.add("address", shown_address(*socket.address()))
        .add("reason", "no listen has systemd:" + socket.name() + ", or there is none and no such protocol" +
                           std::string(nobody_answers));
  }
}

}  // namespace reactord

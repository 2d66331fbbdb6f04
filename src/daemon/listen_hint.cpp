#include "daemon/listen_hint.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "base/system_files.hpp"
#include "net/path_lock.hpp"

namespace reactord {
namespace {

// The TCP address at `text` as it was wanted; null when there is none.
const ListenOption* find_wanted(const std::string& text, const std::vector<ListenOption>& wanted) {
  for (const ListenOption& option : wanted) {
    if (option.is_passed()) continue;
    const auto place = listen_place(option);
    if (place && place->address.is_ip() && place->address.text() == text) return &option;
  }
  return nullptr;
}

// One of `others` with the same port, when one of the two takes every address of it; null when there is none.
const ListenOption* find_overlap(const ListenOption& refused, const std::vector<ListenOption>& others) {
  const auto place = listen_place(refused);
  for (const ListenOption& option : others) {
    if (option.is_passed() || option.address == refused.address) continue;
    const auto its = listen_place(option);
    if (!its || !its->address.is_ip() || its->address.port() != place->address.port()) continue;
    if (its->address.is_wildcard() || place->address.is_wildcard()) return &option;
  }
  return nullptr;
}

std::string overlap_hint(const std::string& text, const std::vector<ListenOption>& wanted,
                         const std::vector<ListenOption>& in_use) {
  const ListenOption* const refused = find_wanted(text, wanted);
  if (refused == nullptr) return {};
  if (const ListenOption* const other = find_overlap(*refused, wanted)) {
    return "listen = " + refused->text() + " and listen = " + other->text() +
           " overlap: every address of a port includes each single one. Leave one of them out.";
  }
  const ListenOption* const held = find_overlap(*refused, in_use);
  if (held == nullptr) return {};
  return "It overlaps with " + held->text() +
         ", which is served until now: a reload opens the new one before it closes the old one. Restart "
         "instead.";
}

std::string in_use_hint(const Error& error, const std::vector<ListenOption>& wanted,
                        const std::vector<ListenOption>& in_use) {
  const std::string text(error.address());
  if (error.network() == "unix" && text.starts_with('@')) {
    return "Another process holds that name: \"ss -lxp\" shows which; or choose another with --listen.";
  }
  if (error.network() == "unix") {
    struct stat file {};
    const bool is_file = system::file_status(text.c_str(), file) == 0 && !S_ISSOCK(file.st_mode);
    if (is_file) return "The file there is not a socket: remove it, or choose another with --listen.";
    return "Another process listens there: \"ss -lxp\" shows which; or choose another with --listen.";
  }
  const std::string overlap = overlap_hint(text, wanted, in_use);
  if (!overlap.empty()) return overlap;
  return "Another process holds it: \"ss -lptn\" shows which; or choose another with --listen.";
}

// The lock is the only file that listening opens.
std::string lock_hint(const Error& error) {
  if (error.network() != "unix" || error.text().find(": lock: ") == std::string::npos) return {};
  return "Its lock, " + PathLock::name_for(error.address()) +
         ", can't be had: another user left it behind, or it is something else. Remove it, if nothing starts "
         "there just now.";
}

std::string family_hint(const std::string& program) {
  return "The unit that runs this process lets it open no socket of that kind (RestrictAddressFamilies=), or "
         "the kernel has none. An instance, " +
         program +
         "@NAME, serves the sockets of its socket unit alone: leave listen out of its configuration, or "
         "write "
         "listen = PROTOCOL@systemd:NAME into /etc/" +
         program + "/instances/NAME.conf.";
}

}  // namespace

std::string listen_hint(std::string_view program, const Error& error, const std::vector<ListenOption>& wanted,
                        const std::vector<ListenOption>& in_use) {
  const std::string lock = lock_hint(error);
  if (!lock.empty()) return lock;
  switch (error.system_errno()) {
    case EADDRINUSE:
      return in_use_hint(error, wanted, in_use);
    case EACCES:
      return "Ports below 1024 and foreign directories need a privilege; or choose another with --listen.";
    case EPERM:
      return "The owner of a unix path may be changed by root, its group to one that the process is in.";
    case EADDRNOTAVAIL:
      return "No interface of this machine has that address: \"ip address\" lists them.";
    case EAFNOSUPPORT:
      return family_hint(std::string(program));
    default:
      return "";
  }
}

}  // namespace reactord

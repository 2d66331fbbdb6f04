#include "daemon/listen_hint.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "base/system_files.hpp"

namespace reactord {
namespace {

bool is_on_every_address(const ListenPlace& place) { return place.address.is_wildcard(); }

// Another listener of ours that takes every address of the port which the one at `text` wanted, or one of them.
std::string overlap_hint(const std::string& text, const std::vector<ListenOption>& wanted) {
  const ListenOption* refused = nullptr;
  const ListenOption* other = nullptr;
  for (const ListenOption& option : wanted) {
    if (option.is_passed()) continue;
    const auto place = listen_place(option);
    if (place && !place->address.is_unix() && place->address.text() == text) refused = &option;
  }
  if (refused == nullptr) return {};
  const auto place = listen_place(*refused);
  for (const ListenOption& option : wanted) {
    if (option.is_passed() || &option == refused) continue;
    const auto its = listen_place(option);
    const bool is_same_port = its && !its->address.is_unix() && its->address.port() == place->address.port();
    if (is_same_port && (is_on_every_address(*its) || is_on_every_address(*place))) other = &option;
  }
  if (other == nullptr) return {};
  return "listen = " + refused->text() + " and listen = " + other->text() +
         " overlap: every address of a port includes each single one. Leave one of them out.";
}

std::string in_use_hint(const Error& error, const std::vector<ListenOption>& wanted) {
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
  const std::string overlap = overlap_hint(text, wanted);
  if (!overlap.empty()) return overlap;
  return "Another process holds it: \"ss -lptn\" shows which; or choose another with --listen.";
}

}  // namespace

std::string listen_hint(const Error& error, const std::vector<ListenOption>& wanted) {
  switch (error.system_errno()) {
    case EADDRINUSE:
      return in_use_hint(error, wanted);
    case EACCES:
      return "Ports below 1024 and foreign directories need a privilege; or choose another with --listen.";
    case EPERM:
      return "The owner of a unix path may be changed by root, its group to one that the process is in.";
    case EADDRNOTAVAIL:
      return "No interface of this machine has that address: \"ip address\" lists them.";
    case EAFNOSUPPORT:
      return "The unit that runs this process lets it open no socket of that kind "
             "(RestrictAddressFamilies=), or the kernel "
             "has none. An instance, reactord@NAME, serves the sockets of its socket unit alone: leave "
             "listen out of its "
             "configuration, or write listen = PROTOCOL@systemd:NAME into /etc/reactord/instances/NAME.conf.";
    default:
      return "";
  }
}

}  // namespace reactord

#include "protocols/programs/program_environment.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace reactord {
namespace {

using Variables = std::vector<std::string>;

constexpr std::array<std::string_view, 9> passed{"PATH", "HOME", "USER",     "LOGNAME", "SHELL",
                                                 "LANG", "TZ",   "LANGUAGE", "TMPDIR"};
constexpr std::array<std::string_view, 5> of_the_user{"HOME", "USER", "LOGNAME", "SHELL", "TMPDIR"};

std::string_view name_of(std::string_view variable) noexcept {
  return variable.substr(0, variable.find('='));
}

bool passes(std::string_view name, bool is_another_user) noexcept {
  if (name.starts_with("LC_")) return true;
  if (is_another_user && std::ranges::find(of_the_user, name) != of_the_user.end()) return false;
  return std::ranges::find(passed, name) != passed.end();
}

// In place of a variable of the same name, so that every name is there once.
void set(Variables& variables, std::string variable) {
  const auto found = std::ranges::find(variables, name_of(variable),
                                       [](const std::string& other) { return name_of(other); });
  if (found == variables.end()) {
    variables.push_back(std::move(variable));
  } else {
    *found = std::move(variable);
  }
}

void set_if_known(Variables& variables, std::string_view name, std::string_view value) {
  if (!value.empty()) set(variables, std::string(name) + "=" + std::string(value));
}

void set_account(Variables& variables, const UserAccount& account) {
  set_if_known(variables, "HOME", account.home);
  set_if_known(variables, "USER", account.name);
  set_if_known(variables, "LOGNAME", account.name);
  set_if_known(variables, "SHELL", account.shell);
}

void set_tcp(Variables& variables, const ProgramConnection& connection) {
  set(variables, "PROTO=TCP");
  const auto set_end = [&](const Address& end, std::string_view ucspi, std::string_view cgi) {
    const std::string host = end.host(), port = std::to_string(end.port());
    set_if_known(variables, std::string("TCP").append(ucspi) + "IP", host);
    set_if_known(variables, std::string("TCP").append(ucspi) + "PORT", port);
    set_if_known(variables, std::string(cgi) + "_ADDR", host);
    set_if_known(variables, std::string(cgi) + "_PORT", port);
  };
  set_end(connection.remote, "REMOTE", "REMOTE");
  set_end(connection.local, "LOCAL", "SERVER");
}

void set_unix(Variables& variables, const ProgramConnection& connection) {
  set(variables, "PROTO=UNIX");
  if (connection.local.kind() == Address::Kind::unix_path ||
      connection.local.kind() == Address::Kind::unix_abstract)
    set_if_known(variables, "UNIXLOCALPATH", connection.local.text());
  if (const auto peer = connection.remote.credentials()) {
    set(variables, "UNIXREMOTEEUID=" + std::to_string(peer->user));
    if (peer->process > 0) set(variables, "UNIXREMOTEPID=" + std::to_string(peer->process));
  }
  if (connection.remote_group) set(variables, "UNIXREMOTEEGID=" + std::to_string(*connection.remote_group));
}

}  // namespace

UserAccount account_of(uid_t user) {
  std::vector<char> room(1024);
  passwd entry{};
  passwd* found = nullptr;
  while (::getpwuid_r(user, &entry, room.data(), room.size(), &found) == ERANGE && room.size() < 1024 * 1024)
    room.resize(room.size() * 2);
  if (found == nullptr) return {.name = std::to_string(user), .home = "/", .shell = "/bin/sh"};
  return {.name = entry.pw_name, .home = entry.pw_dir, .shell = entry.pw_shell};
}

ProgramEnvironment::ProgramEnvironment(const ProgramSettings& settings, const char* const* ours,
                                       const UserAccount* account)
    : operators_(settings.environment) {
  for (; *ours != nullptr; ++ours)
    if (passes(name_of(*ours), account != nullptr)) set(all_, *ours);
  if (account != nullptr) set_account(all_, *account);
  set(all_, "PYTHONUNBUFFERED=1");
  set(all_, "REACTORD_PROGRAM=" + settings.name);
  for (const std::string& variable : operators_) set(all_, variable);
}

ProgramEnvironment::ProgramEnvironment(const ProgramSettings& settings)
    : ProgramEnvironment([&] {
        if (!settings.user_ids) return ProgramEnvironment(settings, environ, nullptr);
        const UserAccount account = account_of(settings.user_ids->user);
        return ProgramEnvironment(settings, environ, &account);
      }()) {}

std::vector<std::string> ProgramEnvironment::of_worker(unsigned number) const {
  Variables variables = all_;
  set(variables, "REACTORD_WORKER=" + std::to_string(number));
  for (const std::string& variable : operators_) set(variables, variable);
  return variables;
}

std::vector<std::string> ProgramEnvironment::of_connection(const ProgramConnection& connection) const {
  Variables variables = all_;
  set(variables, "REACTORD_CONNECTION=" + std::to_string(connection.number));
  const Address& remote = connection.remote;
  if (remote.is_ip()) set_tcp(variables, connection);
  if (remote.is_unix()) set_unix(variables, connection);
  for (const std::string& variable : operators_) set(variables, variable);
  return variables;
}

}  // namespace reactord

#include "control/socket_place.hpp"

#include <cerrno>

#include "base/system_files.hpp"

namespace reactord::control {

std::vector<std::string> usual_sockets(std::string_view runtime_directory) {
  std::vector<std::string> all{"/run/reactord/control.sock"};
  if (!runtime_directory.empty()) all.push_back(std::string(runtime_directory) + "/reactord/control.sock");
  return all;
}

Parsed<std::string> find_socket(std::string_view option, std::string_view variable,
                                std::span<const std::string> usual) {
  const std::string_view given = option.empty() ? variable : option;
  if (!given.empty()) return std::string(given.starts_with("unix:") ? given.substr(5) : given);
  const std::string* hidden = nullptr;
  std::string looked;
  for (const std::string& path : usual) {
    struct stat status;
    const int result = system::followed_file_status(path.c_str(), status);
    if (result == 0) return path;
    if (result == -EACCES && hidden == nullptr) hidden = &path;
    looked += (looked.empty() ? "" : " and no ") + path;
  }
  if (hidden != nullptr) return *hidden;
  return std::unexpected(
      "there is no " + looked +
      ": set control = unix:/run/reactord/control.sock in the daemon's configuration, or name its "
      "socket with --socket or REACTORD_CONTROL");
}

}  // namespace reactord::control

// The processes that run on this machine, as /proc says it.
#pragma once

#include <sys/types.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace test {

// Calls tell(pid, path) for each process; `path` is its folder. One that ends meanwhile may be told or not.
template <typename Tell>
void for_each_process(Tell tell) {
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size()) tell(pid, entry.path().string());
  }
}

// Zombies count.
inline std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  for_each_process([&](pid_t pid, const std::string& path) {
    std::ifstream file(path + "/stat");
    std::string text;
    std::getline(file, text, '\0');  // all of it; nothing where it has gone
    const std::size_t behind_name = text.rfind(')');
    if (behind_name == std::string::npos) return;
    std::istringstream rest(text.substr(behind_name + 1));
    char state = 0;
    pid_t its_parent = 0;
    if (rest >> state >> its_parent && its_parent == parent) children.push_back(pid);
  });
  return children;
}

// The processes of which one of the arguments is `mark`. Zombies have none.
inline std::size_t processes_with(const std::string& mark) {
  std::size_t count = 0;
  for_each_process([&](pid_t, const std::string& path) {
    std::ifstream file(path + "/cmdline");
    for (std::string argument; std::getline(file, argument, '\0');) {
      if (argument != mark) continue;
      ++count;
      break;
    }
  });
  return count;
}

}  // namespace test

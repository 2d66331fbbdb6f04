#include "daemon/wanted_listeners.hpp"

#include <algorithm>
#include <unordered_map>

#include "protocols/table.hpp"

namespace reactord {

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

}  // namespace reactord

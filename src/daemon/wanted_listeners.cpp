#include "daemon/wanted_listeners.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "daemon/program.hpp"

namespace reactord {

std::vector<ListenOption> wanted_listeners(const Options& options,
                                           const std::vector<std::string>& passed_names) {
  if (!options.listen.empty()) return options.listen;
  std::vector<ListenOption> wanted;
  for (const std::string& name : passed_names) {
    if (options.program->find_protocol(name) != nullptr || options.programs.find(name) != nullptr) {
      wanted.push_back({name, std::string(ListenOption::passed_prefix) + name});
    }
  }
  if (!passed_names.empty()) return wanted;
  if (auto usual = parse_listen(options.program->listen(), *options.program))
    wanted.push_back(std::move(*usual));
  return wanted;
}

std::vector<ProgramSettings> wanted_programs(const Options& options,
                                             const std::vector<ListenOption>& wanted) {
  std::vector<ProgramSettings> programs;
  for (const ProgramSettings& program : options.programs) {
    if (std::ranges::find(wanted, program.name, &ListenOption::protocol) != wanted.end())
      programs.push_back(program);
  }
  return programs;
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

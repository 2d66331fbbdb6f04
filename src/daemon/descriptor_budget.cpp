#include "daemon/descriptor_budget.hpp"

namespace reactord {
namespace {

constexpr const char* how_to_raise = "raise it (ulimit -n, LimitNOFILE= of a unit)";
constexpr std::size_t process_descriptors = 4;

std::string own_text(std::size_t own, const DescriptorUse& use) {
  std::string text = std::to_string(own) + " of its own";
  std::string parts;
  if (use.programs > 0) parts += std::to_string(use.programs) + " for programs";
  if (use.control > 0)
    parts += (parts.empty() ? "" : ", ") + std::to_string(use.control) + " for the control socket";
  if (use.metrics > 0) parts += (parts.empty() ? "" : ", ") + std::to_string(use.metrics) + " for metrics";
  return parts.empty() ? text : text + " (" + parts + ')';
}

}  // namespace

std::size_t program_descriptors(const std::vector<ProgramSettings>& programs) noexcept {
  std::size_t count = 0;
  for (const ProgramSettings& program : programs) {
    count += process_descriptors *
             (program.mode == ProgramMode::worker ? std::size_t{2} * program.workers : program.processes);
  }
  return count;
}

Parsed<std::size_t> connections_that_fit(std::size_t limit, const DescriptorUse& use, std::size_t asked,
                                         const std::string& setting, std::string_view program) {
  const std::size_t own = own_descriptors + use.listeners + use.programs + use.control + use.metrics;
  if (limit <= own) {
    return std::unexpected("the limit is " + std::to_string(limit) + " descriptors, " + std::string(program) +
                           " needs " + own_text(own, use) + " and one for each connection: " + how_to_raise);
  }
  const std::size_t most = limit - own;
  if (asked <= most) return asked == 0 ? most : asked;
  const std::string number = std::to_string(asked);
  return std::unexpected(setting + ": needs " + number + " + " + own_text(own, use) + " = " +
                         std::to_string(asked + own) + " descriptors, the limit is " + std::to_string(limit) +
                         ": at most " + std::to_string(most) + " fit; or " + how_to_raise);
}

}  // namespace reactord

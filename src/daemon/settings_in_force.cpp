#include "daemon/settings_in_force.hpp"

#include <algorithm>
#include <utility>

#include "daemon/configuration_file.hpp"
#include "daemon/descriptor_budget.hpp"
#include "daemon/printable.hpp"

namespace reactord {
namespace {

bool is_listen(const Assignment& assignment) { return assignment.setting->name == "listen"; }

std::string shown_origin(const Assignment* assignment) {
  if (assignment == nullptr) return "default";
  return assignment->origin.empty() ? "command line" : printable(assignment->origin);
}

}  // namespace

std::expected<SettingsInForce, Mistakes> SettingsInForce::read(const CommandLine& line) {
  SettingsInForce in_force;
  Mistakes mistakes{.lines = {}, .status = exit_usage};
  if (!line.options.config.empty()) {
    Configuration configuration = read_configuration(line.options.config, line.options.instance);
    mistakes.lines = configuration.take_mistakes();
    if (!mistakes.lines.empty()) mistakes.status = exit_configuration;
    in_force.options_ = configuration.options();
    in_force.assignments_ = configuration.assignments();
    in_force.empty_files_ = configuration.empty_files();
    in_force.full_files_ = configuration.full_files();
  }
  if (!line.options.listen.empty() || !line.options.inetd.empty()) {
    in_force.options_.listen.clear();
    std::erase_if(in_force.assignments_, is_listen);
  }
  for (const Assignment& assignment : line.assignments) {
    // It was applied without a mistake before, and the listeners of the files have been removed for it.
    auto applied = assignment.setting->apply(assignment.value, in_force.options_);
    if (assignment.setting->is_key()) in_force.assignments_.push_back(assignment);
  }
  if (mistakes.lines.empty()) in_force.find_mistakes(mistakes);
  if (!mistakes.lines.empty()) return std::unexpected(std::move(mistakes));
  return in_force;
}

const Assignment* SettingsInForce::assigned(std::string_view name) const noexcept {
  const Assignment* found = nullptr;
  for (const Assignment& assignment : assignments_) {
    if (assignment.setting->name == name) found = &assignment;
  }
  return found;
}

bool SettingsInForce::is_of_file(std::string_view name) const noexcept {
  const Assignment* const origin = assigned(name);
  return origin != nullptr && !origin->origin.empty();
}

// The setting as it was written, on a line of a file or as an option.
std::string SettingsInForce::written(std::string_view name) const {
  const Assignment* const origin = assigned(name);
  return origin == nullptr ? "--" + std::string(name) : written(name, origin->value);
}

// The same with one part of the value.
std::string SettingsInForce::written(std::string_view name, const std::string& value) const {
  if (!is_of_file(name)) return "--" + std::string(name) + ' ' + value;
  return assigned(name)->origin + ": " + std::string(name) + " = " + value;
}

// Reports the setting that can be disabled, or else the smaller one. A default is reported only as the other side.
std::string SettingsInForce::told(const Conflict& conflict) const {
  const bool tells_more = conflict.more.may_be_none;
  const bool is_default = assigned((tells_more ? conflict.more : conflict.less).name) == nullptr;
  const bool is_more = tells_more != is_default;
  const Conflict::Side& told = is_more ? conflict.more : conflict.less;
  const Conflict::Side& other = is_more ? conflict.less : conflict.more;
  std::string text = written(told.name) + ": must be at " + (is_more ? "least " : "most ") +
                     (is_of_file(told.name) ? "" : "--") + std::string(other.name) + ", which is " +
                     size_text(other.value);
  if (is_default) text += " by default; set that too";
  if (told.may_be_none) text += "; or 0: no limit";
  if (other.may_be_none) text += ", or to 0: no limit";
  return text;
}

void SettingsInForce::find_mistakes(Mistakes& mistakes) const {
  for (const Conflict& conflict : find_conflicts(options_)) {
    if (is_of_file(conflict.less.name) || is_of_file(conflict.more.name))
      mistakes.status = exit_configuration;
    mistakes.lines.push_back(printable(told(conflict)));
  }
}

std::expected<std::size_t, Mistakes> SettingsInForce::connections_that_fit(std::size_t descriptors,
                                                                           std::size_t listeners) const {
  constexpr std::string_view name = "max-connections";
  const std::size_t asked = options_.limits.connections.most;
  const auto most =
      reactord::connections_that_fit(descriptors, listeners, asked, written(name, std::to_string(asked)));
  if (most) return *most;
  return std::unexpected(refusal(name, most.error()));
}

std::expected<std::size_t, Mistakes> SettingsInForce::buffers_that_fit(
    const std::optional<MemoryLimit>& memory) const {
  constexpr std::string_view name = "max-buffers";
  const std::size_t wanted = options_.limits.max_buffers;
  const auto asked = assigned(name) == nullptr ? std::nullopt : std::optional(wanted);
  const auto most =
      reactord::buffers_that_fit(memory, asked, wanted, options_.limits.max_line, written(name));
  if (most) return *most;
  return std::unexpected(refusal(name, most.error()));
}

Mistakes SettingsInForce::refusal(std::string_view name, std::string error) const {
  return {.lines = {printable(error)}, .status = is_of_file(name) ? exit_configuration : exit_usage};
}

std::string SettingsInForce::listen_text() const {
  std::string text;
  for (const Assignment& assignment : assignments_) {
    if (!is_listen(assignment)) continue;
    text += "listen = " + written_value(assignment.value) + "  # " + shown_origin(&assignment) + '\n';
  }
  // Not written as a setting: then the passed sockets would not be served.
  if (!text.empty()) return text;
  return "# listen = " + std::string(find_setting("listen")->standard) +
         "  # default, where systemd passes no sockets\n";
}

std::string SettingsInForce::text(std::size_t max_buffers) const {
  std::string text;
  std::string_view section;
  for (const Setting& setting : settings()) {
    if (!setting.is_key()) continue;
    if (setting.section != section) {
      text += (text.empty() ? "# " : "\n# ") + std::string(setting.section) + '\n';
      section = setting.section;
    }
    if (setting.name == "listen") {
      text += listen_text();
      continue;
    }
    const Assignment* const origin = assigned(setting.name);
    if (setting.name == "max-buffers" && max_buffers != options_.limits.max_buffers) {
      // Not written as a setting: it would then be asked for, and refused when the limit becomes lower.
      text += "# max-buffers = " + size_text(max_buffers) + "  # what the limit on memory allows; default " +
              std::string(setting.standard) + '\n';
      continue;
    }
    text += std::string(setting.name) + " = " +
            written_value(origin == nullptr ? setting.standard : std::string_view(origin->value)) + "  # " +
            shown_origin(origin) + '\n';
  }
  return text;
}

}  // namespace reactord

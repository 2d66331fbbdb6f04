#include "daemon/settings_in_force.hpp"

#include <algorithm>
#include <utility>

#include "daemon/configuration_file.hpp"
#include "daemon/control_limits.hpp"
#include "daemon/descriptor_budget.hpp"
#include "daemon/metrics_limits.hpp"
#include "daemon/printable.hpp"
#include "daemon/program.hpp"
#include "protocols/programs/program_check.hpp"

namespace reactord {
namespace {

bool is_listen(const Assignment& assignment) { return assignment.setting->name == "listen"; }
bool is_program(const Assignment& assignment) { return assignment.setting->name == "program"; }

std::string shown_origin(const Assignment* assignment) {
  if (assignment == nullptr) return "default";
  return assignment->origin.empty() ? "command line" : printable(assignment->origin);
}

}  // namespace

std::expected<SettingsInForce, Mistakes> SettingsInForce::read(const CommandLine& line) {
  const Program& program = *line.options.program;
  SettingsInForce in_force{Options(program)};
  Mistakes mistakes{.lines = {}, .status = exit_usage};
  if (!line.options.config.empty()) {
    Configuration configuration = read_configuration(program, line.options.config, line.options.instance);
    configuration.check_protocols(line.options.programs);
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
  for (const ProgramSettings& one : line.options.programs) in_force.remove_program(one.name);
  for (const Assignment& assignment : line.assignments) {
    // It was applied without a mistake before, and what the files have in its place has been removed for it.
    auto applied = assignment.setting->apply(assignment.value, in_force.options_);
    if (assignment.setting->is_key()) in_force.assignments_.push_back(assignment);
  }
  if (mistakes.lines.empty()) in_force.find_mistakes(mistakes);
  if (!mistakes.lines.empty()) return std::unexpected(std::move(mistakes));
  return in_force;
}

std::expected<SettingsInForce, Mistakes> SettingsInForce::with(const Setting& setting, std::string_view value,
                                                               std::string_view origin) const {
  Mistakes mistakes{.lines = {}, .status = exit_configuration};
  SettingsInForce changed = *this;
  const auto applied = setting.apply(value, changed.options_);
  if (!applied) {
    mistakes.lines.push_back(printable(std::string(setting.name) + ' ' + applied.error()));
    return std::unexpected(std::move(mistakes));
  }
  // A later one of the same setting would be kept for ever.
  std::erase_if(changed.assignments_,
                [&](const Assignment& one) { return one.setting == &setting && one.origin == origin; });
  changed.assignments_.push_back({&setting, std::string(value), std::string(origin)});
  changed.find_conflicting(mistakes);
  if (!mistakes.lines.empty()) return std::unexpected(std::move(mistakes));
  return changed;
}

SettingsInForce::Shown SettingsInForce::shown(const Setting& setting, const Options& options) const {
  const Assignment* const origin = assigned(setting.name);
  std::string value(origin == nullptr ? setting.standard : std::string_view(origin->value));
  if (setting.name == "max-connections" && options_.limits.connections.most == 0) {
    value = std::to_string(options.limits.connections.most) +
            (options.limits.connections.then == OverLimit::defer ? ",defer" : ",reject");
  }
  if (setting.name == "max-buffers" && options.limits.max_buffers != options_.limits.max_buffers)
    value = size_text(options.limits.max_buffers);
  return {value, shown_origin(origin)};
}

// A program and its assignment are at the same place among their like.
void SettingsInForce::remove_program(std::string_view name) {
  std::size_t before = options_.programs.remove(name);
  const auto is_it = [&before](const Assignment& one) { return is_program(one) && before-- == 0; };
  const auto found = std::ranges::find_if(assignments_, is_it);
  if (found != assignments_.end()) assignments_.erase(found);
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

void SettingsInForce::find_conflicting(Mistakes& mistakes) const {
  for (const Conflict& conflict : find_conflicts(options_)) {
    if (is_of_file(conflict.less.name) || is_of_file(conflict.more.name))
      mistakes.status = exit_configuration;
    mistakes.lines.push_back(printable(told(conflict)));
  }
}

void SettingsInForce::find_mistakes(Mistakes& mistakes) const {
  find_conflicting(mistakes);
  for (const Assignment& assignment : assignments_) {
    if (!is_listen(assignment) || !assignment.origin.empty()) continue;  // those of files have been checked
    const auto known = check_protocol(assignment.value.substr(0, assignment.value.find('@')), options_);
    if (!known) mistakes.lines.push_back(printable("--listen " + assignment.value + ": " + known.error()));
  }
  const auto inetd = check_inetd(options_);
  if (!inetd) mistakes.lines.push_back(printable("--inetd " + inetd.error()));
  if (options_.inetd.empty()) find_programs_that_fail(mistakes);
}

// As far as it is known without starting one.
void SettingsInForce::find_programs_that_fail(Mistakes& mistakes) const {
  std::size_t place = 0;
  for (const Assignment& assignment : assignments_) {
    if (!is_program(assignment)) continue;
    const auto runs = check_program(options_.programs[place++]);
    if (runs) continue;
    const bool is_of_line = assignment.origin.empty();
    if (!is_of_line) mistakes.status = exit_configuration;
    const std::string written = is_of_line ? "--program " : assignment.origin + ": program = ";
    mistakes.lines.push_back(printable(written + assignment.value + ": " + runs.error().text()));
  }
}

std::expected<std::size_t, Mistakes> SettingsInForce::connections_that_fit(std::size_t descriptors,
                                                                           std::size_t listeners) const {
  constexpr std::string_view name = "max-connections";
  const std::size_t asked = options_.limits.connections.most;
  const DescriptorUse use{.listeners = listeners,
                          .programs = program_descriptors(options_.programs.all()),
                          .control = options_.control.is_on() ? control_descriptors : 0,
                          .metrics = options_.metrics.is_on() ? metrics_descriptors : 0};
  const auto most = reactord::connections_that_fit(
      descriptors, use, asked, written(name, std::to_string(asked)), options_.program->name());
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

std::expected<Options, Mistakes> SettingsInForce::options_within(
    std::size_t descriptors, std::size_t listeners, const std::optional<MemoryLimit>& memory) const {
  Options options = options_;
  const auto most = connections_that_fit(descriptors, listeners);
  if (!most) return std::unexpected(most.error());
  options.limits.connections.most = *most;
  const auto buffers = buffers_that_fit(memory);
  if (!buffers) return std::unexpected(buffers.error());
  options.limits.max_buffers = *buffers;
  return options;
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
  return "# listen = " + std::string(options_.program->find_setting("listen")->standard) +
         "  # default, where systemd passes no sockets\n";
}

std::string SettingsInForce::program_text() const {
  std::string text;
  std::size_t place = 0;
  for (const Assignment& assignment : assignments_) {
    if (!is_program(assignment)) continue;
    const std::string& name = options_.programs[place++].name;
    const auto serves = [&name](const ListenOption& listen) { return listen.protocol == name; };
    const bool is_unused = !options_.listen.empty() && std::ranges::none_of(options_.listen, serves);
    text += "program = " + written_value(assignment.value) + "  # " + shown_origin(&assignment) +
            (is_unused ? "; it is not started: there is no listen = " + name + "@ADDRESS" : "") + '\n';
  }
  if (!text.empty()) return text;
  return "# program = " + std::string(options_.program->find_setting("program")->example()) +
         "  # default: none, this is an example\n";
}

std::string SettingsInForce::text(std::size_t max_buffers) const {
  std::string text;
  std::string_view section;
  for (const Setting& setting : options_.program->settings()) {
    if (!setting.is_key()) continue;
    if (setting.section != section) {
      text += (text.empty() ? "# " : "\n# ") + std::string(setting.section) + '\n';
      section = setting.section;
    }
    if (setting.name == "listen") {
      text += listen_text();
      continue;
    }
    if (setting.name == "program") {
      text += program_text();
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

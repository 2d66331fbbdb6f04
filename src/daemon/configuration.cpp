#include "daemon/configuration.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/suggestion.hpp"
#include "daemon/printable.hpp"
#include "daemon/program.hpp"
#include "daemon/program_line.hpp"

namespace reactord {
namespace {

constexpr std::string_view spaces = " \t\r";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

// The line without its trailing comment. A "#" within a word is part of the word.
std::string_view without_comment(std::string_view text) {
  for (std::size_t at = text.find('#'); at != std::string_view::npos; at = text.find('#', at + 1)) {
    if (at == 0 || spaces.find(text[at - 1]) != std::string_view::npos) return text.substr(0, at);
  }
  return text;
}

// The text within the quotes that `text` begins with. Error: what is wrong with them.
Parsed<std::string> unquoted(std::string_view text) {
  std::string value;
  std::size_t at = 1;
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') {
      ++at;
      if (at == text.size() || (text[at] != '"' && text[at] != '\\')) {
        return std::unexpected("in quotes, write \\\\ for a backslash and \\\" for a quote");
      }
    }
    value += text[at];
  }
  if (at >= text.size()) return std::unexpected("the quote does not end");
  if (!trimmed(without_comment(text.substr(at + 1))).empty()) {
    return std::unexpected("the quotes must hold the whole value");
  }
  return value;
}

Parsed<std::string> value_of(std::string_view text) {
  if (text.starts_with('"')) return unquoted(text);
  return std::string(trimmed(without_comment(text)));
}

std::string unknown_key(const Program& program, std::string_view name) {
  if (program.find_setting(name) != nullptr) return "an option of the command line, not a key";
  std::vector<std::string_view> keys;
  for (const Setting& setting : program.settings()) {
    if (setting.is_key()) keys.push_back(setting.name);
  }
  return "unknown key, " + suggestion(name, keys);
}

std::string missing_equals(const Program& program, std::string_view line) {
  const std::size_t space = line.find_first_of(spaces);
  const Setting* setting = program.find_setting(line.substr(0, space));
  if (line.starts_with('[')) return "there are no sections: write name = value";
  if (setting == nullptr || !setting->is_key()) return "missing \"=\": write name = value";
  const std::string_view rest = space == std::string_view::npos ? "" : trimmed(line.substr(space));
  return "missing \"=\": write " + std::string(setting->name) + " = " +
         std::string(rest.empty() ? setting->example() : rest);
}

}  // namespace

void Configuration::add_mistake(std::string text) {
  if (is_told()) {
    mistakes_.push_back(printable(text));
  } else {
    ++untold_;
  }
}

std::vector<std::string> Configuration::take_mistakes() {
  std::vector<std::string> taken = std::exchange(mistakes_, {});
  if (const std::size_t untold = std::exchange(untold_, 0); untold > 0) {
    taken.push_back("and " + std::to_string(untold) + " more mistakes");
  }
  return taken;
}

void Configuration::read(std::string_view text, std::string_view file) {
  in_file_.clear();
  const std::string start = std::string(file) + ": ";
  if (text.size() > longest_text) return add_mistake(start + "longer than 1MiB: is this the right file?");
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  // A file that is no text is one mistake, not one for each line.
  if (const std::size_t at = text.find('\0'); at != std::string_view::npos) {
    const auto number = 1 + std::ranges::count(text.substr(0, at), '\n');
    return add_mistake(std::string(file) + ':' + std::to_string(number) +
                       ": holds a NUL byte: is this a text file?");
  }
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    read_line(text.substr(0, end), file, number);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

void Configuration::read_line(std::string_view line, std::string_view file, std::size_t number) {
  const std::string origin = std::string(file) + ':' + std::to_string(number);
  if (line.size() > longest_line) {
    return add_mistake(origin + ": a line of " + std::to_string(line.size()) + " bytes, at most " +
                       std::to_string(longest_line) + " may be");
  }
  line = trimmed(line);
  if (line.empty() || line.starts_with('#')) return;
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) {
    line = trimmed(without_comment(line));
    return add_mistake(origin + ": " + std::string(line) + ": " + missing_equals(*options_.program, line));
  }
  assign(trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1)), origin);
}

void Configuration::assign(std::string_view name, std::string_view text, const std::string& origin) {
  const std::string start = origin + ": " + std::string(name) + " = ";
  const auto value = value_of(text);
  if (!value) return add_mistake(start + std::string(text) + ": " + value.error());
  const Setting* setting = options_.program->find_setting(name);
  if (setting == nullptr || !setting->is_key()) {
    // Searching the nearest name is slow: it is skipped for a mistake that is only counted.
    return add_mistake(is_told() ? start + *value + ": " + unknown_key(*options_.program, name) : "");
  }
  if (value->empty()) {
    return add_mistake(origin + ": " + std::string(name) + " =: missing value, as in " + std::string(name) +
                       " = " + std::string(setting->example()));
  }
  if (const auto before = in_file_.find(setting); before != in_file_.end()) {
    return add_mistake(start + *value + ": given already, at " + before->second);
  }
  if (setting->name == "program" && options_.programs.find(program_name(*value)) != nullptr) {
    // Searching the other one is slow: it is skipped for a mistake that is only counted.
    return add_mistake(is_told() ? start + *value + ": there is a program of that name already, at " +
                                       origin_of_program(program_name(*value))
                                 : "");
  }
  if (setting->name == "listen" && std::exchange(replaces_listeners_, false)) {
    options_.listen.clear();
    std::erase_if(assignments_, [](const Assignment& one) { return one.setting->name == "listen"; });
  }
  const auto applied = setting->apply(*value, options_);
  if (!applied) return add_mistake(start + applied.error());
  assignments_.push_back({setting, *value, origin});
  if (!setting->is_list()) in_file_.emplace(setting, origin);
}

std::string Configuration::origin_of_program(std::string_view name) const {
  const auto is_it = [name](const Assignment& one) {
    return one.setting->name == "program" && program_name(one.value) == name;
  };
  const auto found = std::ranges::find_if(assignments_, is_it);
  return found == assignments_.end() ? "" : found->origin;
}

void Configuration::check_protocols(const ProgramList& others) {
  for (const ProgramSettings& program : others) options_.programs.add_mistaken(program.name);
  for (const Assignment& one : assignments_) {
    if (one.setting->name != "listen") continue;
    const std::string_view name = std::string_view(one.value).substr(0, one.value.find('@'));
    if (options_.program->find_protocol(name) != nullptr || options_.programs.is_named(name)) continue;
    // Searching the nearest name is slow: it is skipped for a mistake that is only counted.
    add_mistake(is_told()
                    ? one.origin + ": listen = " + one.value + ": " + check_protocol(name, options_).error()
                    : "");
  }
}

std::string written_value(std::string_view value) {
  const bool plain =
      !value.empty() && !value.starts_with('"') && trimmed(value) == value && without_comment(value) == value;
  if (plain) return std::string(value);
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace reactord

#include "docs/blocks.hpp"

#include <utility>
#include <vector>

#include "daemon/options.hpp"
#include "daemon/settings.hpp"
#include "docs/mdoc.hpp"
#include "support/reactord_program.hpp"

namespace docs {
namespace {

using reactord::Completion;
using reactord::Setting;
using test::reactord_program;

constexpr std::size_t longest_line = 110;

// ---- README.md

std::string readme_options() {
  return "```\nreactord [options]     what holds without an option is in brackets\n\n" +
         reactord::options_text(reactord_program()) + "```\n";
}

// ---- docs/reactord.conf.example

std::string example_values() { return reactord::values_text(reactord_program(), "# "); }

std::string example_settings() {
  std::string text;
  std::string_view section;
  for (const Setting& setting : reactord_program().settings()) {
    if (!setting.is_key()) continue;
    if (setting.section != section) text += "\n# ---- " + std::string(setting.section) + "\n";
    section = setting.section;
    text += "\n# " + std::string(setting.placeholder()) + ": " + std::string(setting.help) + "\n#" +
            std::string(setting.name) + " = " + std::string(setting.example()) + "\n";
  }
  return text;
}

// ---- Manual pages

std::string page_values() {
  std::string text = ".Bl -tag -width \"PERCENT\"\n";
  for (const reactord::ValueKind* value : reactord_program().explained_values()) {
    text += ".It Ar " + mdoc_argument(value->placeholder) + "\n" + mdoc_text(value->help);
  }
  return text + ".El\n";
}

std::string page_settings() {
  std::string text;
  std::string_view section;
  for (const Setting& setting : reactord_program().settings()) {
    if (!setting.is_key()) continue;
    if (setting.section != section) {
      text += (text.empty() ? ".Ss " : ".El\n.Ss ") + std::string(setting.section) + "\n.Bl -tag -width Ds\n";
    }
    section = setting.section;
    const std::string standard = setting.standard.empty() ? "" : " Bq " + mdoc_argument(setting.standard);
    text += ".It Cm " + mdoc_argument(setting.name) + " No = Ar " + mdoc_argument(setting.placeholder()) +
            standard + "\n" + mdoc_text(setting.manual, setting.placeholder());
  }
  return text + ".El\n";
}

std::string page_options() {
  std::string text = ".Bl -tag -width Ds\n";
  for (const Setting& setting : reactord_program().settings()) {
    if (setting.is_key()) continue;
    const std::string value = setting.value == nullptr ? "" : " Ar " + mdoc_argument(setting.placeholder());
    text += ".It ";
    if (setting.letter != 0) text += std::string("Fl ") + setting.letter + value + " , ";
    text += "Fl \\-" + mdoc_argument(setting.name) + value + "\n" +
            mdoc_text(setting.manual, setting.placeholder());
  }
  return text + ".El\n";
}

// ---- docs/completion/reactord.bash

// `words` with spaces between, in lines: `first` is in front of the first one, `end` ends every line that is not the
// last, `indent` begins the next.
std::string wrapped(const std::vector<std::string>& words, std::string_view first, std::string_view end,
                    std::string_view indent) {
  std::string text, line(first);
  std::string_view space;
  for (const std::string& word : words) {
    if (line.size() + 1 + word.size() > longest_line) {
      text += line + std::string(end) + '\n';
      line = std::string(indent);
      space = "";
    }
    line += std::string(space) + word;
    space = " ";
  }
  return text + line;
}

std::string completion_options() {
  std::vector<std::string> words;
  for (const Setting& setting : reactord_program().settings())
    words.push_back("--" + std::string(setting.name));
  return wrapped(words, "  local options='", "", "    ") + "'\n";
}

std::string protocol_names(std::string_view end) {
  std::string names;
  for (const reactord::Protocol& protocol : reactord_program().protocols()) {
    names += (names.empty() ? "" : " ") + std::string(protocol.name) + std::string(end);
  }
  return names;
}

std::string word_list(std::span<const std::string_view> words) {
  std::string list;
  for (const std::string_view word : words) list += (list.empty() ? "" : " ") + std::string(word);
  return list;
}

// The command that completes a value; empty: nothing is offered.
std::string completing(const reactord::ValueKind& value) {
  const auto offer = [](const std::string& what) {
    return " mapfile -t COMPREPLY < <(compgen " + what + " -- \"$current\")";
  };
  switch (value.completion) {
    case Completion::nothing:
      return "";
    case Completion::words:
      return offer("-W '" + word_list(value.words) + "'");
    case Completion::file:
      return offer("-f");
    case Completion::protocol:
      return offer("-W '" + protocol_names("") + "'");
    case Completion::listen:
      return offer("-W '" + protocol_names("@") + "'") + "; compopt -o nospace";
  }
  return "";
}

// One branch for all options whose values are completed by the same command.
std::string completion_branches() {
  std::vector<std::pair<std::string, std::vector<std::string>>> branches;
  for (const Setting& setting : reactord_program().settings()) {
    if (setting.value == nullptr) continue;
    const std::string command = completing(*setting.value);
    std::size_t at = 0;
    while (at < branches.size() && branches[at].first != command) ++at;
    if (at == branches.size()) branches.push_back({command, {}});
    std::vector<std::string>& patterns = branches[at].second;
    if (setting.letter != 0) patterns.push_back(std::string("-") + setting.letter + " |");
    patterns.push_back("--" + std::string(setting.name) + " |");
  }
  std::string text;
  for (auto& [command, patterns] : branches) {
    patterns.back().replace(patterns.back().size() - 2, 2, ")");
    text += wrapped(patterns, "    ", " \\", "      ") + command + " ;;\n";
  }
  return text;
}

constexpr Block table[] = {
    {"README.md", "options", readme_options},
    {"docs/reactord.conf.example", "values", example_values},
    {"docs/reactord.conf.example", "settings", example_settings},
    {"docs/man/reactord.conf.5", "values", page_values},
    {"docs/man/reactord.conf.5", "settings", page_settings},
    {"docs/man/reactord.8", "options", page_options},
    {"docs/completion/reactord.bash", "options", completion_options},
    {"docs/completion/reactord.bash", "completions", completion_branches},
};

// Where the line that has `mark` begins; npos where none or more than one has it.
std::size_t line_of(std::string_view page, std::string_view mark) {
  const std::size_t at = page.find(mark);
  if (at == std::string_view::npos || page.find(mark, at + 1) != std::string_view::npos)
    return std::string_view::npos;
  return page.rfind('\n', at) + 1;
}

}  // namespace

std::span<const Block> blocks() { return table; }

std::expected<std::string, std::string> with_block(std::string_view page, std::string_view name,
                                                   std::string_view text) {
  const std::string begin = " BEGIN " + std::string(name) + ": ", end = " END " + std::string(name);
  const std::size_t first = line_of(page, begin), last = line_of(page, end);
  if (first == std::string_view::npos)
    return std::unexpected("write one line with \"" + begin.substr(1) + "\"");
  if (last == std::string_view::npos || last <= first) {
    return std::unexpected("write one line with \"" + end.substr(1) + "\" below that with \"" +
                           begin.substr(1) + "\"");
  }
  const std::size_t body = page.find('\n', first) + 1;
  return std::string(page.substr(0, body)).append(text).append(page.substr(last));
}

}  // namespace docs

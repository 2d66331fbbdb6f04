#include <algorithm>
#include <array>

#include "base/suggestion.hpp"
#include "daemon/control_command.hpp"
#include "daemon/control_table.hpp"

namespace reactord {
namespace {

constexpr std::array<ControlTable::Column, 3> columns{{{"command", 11}, {"arguments", 40}, {"help", 0}}};

std::vector<const ControlCommand*> all_commands(const ControlRequest& request) {
  std::vector<const ControlCommand*> all;
  for (const auto table : request.tables) {
    for (const ControlCommand& command : table) all.push_back(&command);
  }
  return all;
}

std::string list_of(const std::vector<const ControlCommand*>& commands, ControlFormat format) {
  std::string text;
  ControlTable table(columns, format, text);
  table.begin();
  for (const ControlCommand* one : commands)
    table.row(std::array<ControlTable::Cell, 3>{one->name, one->arguments, one->help});
  table.end();
  return text;
}

std::string description_of(const ControlCommand& command, ControlFormat format) {
  std::string text;
  if (format == ControlFormat::json) {
    const std::array<ControlField, 4> fields{{{"command", command.name},
                                              {"arguments", command.arguments},
                                              {"help", command.help},
                                              {"details", command.details}}};
    append_fields(fields, format, text);
    return text;
  }
  text += command.name;
  if (!command.arguments.empty()) (text += ' ') += command.arguments;
  ((((text += '\n') += "  ") += command.help) += '\n') += command.details;
  return text;
}

Task<std::string> help(ControlRequest& request) {
  const auto all = all_commands(request);
  if (request.words.size() > 1) co_return "help takes one command, as in: help connections";
  std::string text;
  if (request.words.empty()) {
    text = list_of(all, request.format);
  } else {
    const std::string& name = request.words.front();
    const auto found = std::ranges::find(all, name, [](const ControlCommand* one) { return one->name; });
    if (found == all.end()) {
      std::vector<std::string_view> names;
      for (const ControlCommand* one : all) names.push_back(one->name);
      co_return "unknown command \"" + name + "\": " + suggestion(name, names);
    }
    text = description_of(**found, request.format);
  }
  auto sent = co_await request.conn.write(text);
  co_return sent ? std::string() : sent.error().text();
}

Task<std::string> quit(ControlRequest& request) {
  if (!request.words.empty()) co_return "quit takes no argument";
  request.is_last = true;
  co_return std::string();
}

constexpr std::array<ControlCommand, 2> commands{{
    {"help", "[COMMAND]", "list the commands, or say more about one", help},
    {"quit", "", "end this connection", quit},
}};

}  // namespace

std::span<const ControlCommand> general_commands() noexcept { return commands; }

}  // namespace reactord

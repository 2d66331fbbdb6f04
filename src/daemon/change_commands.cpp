// The commands of the control socket that change the daemon. Each waits for its turn: see control_host.hpp.
#include <algorithm>
#include <array>
#include <ranges>

#include "base/suggestion.hpp"
#include "daemon/control_command.hpp"
#include "daemon/control_host.hpp"
#include "daemon/control_table.hpp"
#include "daemon/send_answer.hpp"
#include "daemon/setting_values.hpp"

namespace reactord {
namespace {

using Rows = std::vector<ControlHost::LimitRow>;

ControlCaller caller_of(const ControlRequest& request) { return request.conn.remote_addr().credentials(); }

std::string in_one_line(const std::vector<std::string>& mistakes) {
  std::string text;
  for (const std::string& mistake : mistakes) (text += text.empty() ? "" : "; ") += mistake;
  return text;
}

// ---- limits

std::string table_of(const Rows& rows, ControlFormat format) {
  static constexpr std::array<ControlTable::Column, 3> columns{{{"limit", 27}, {"value", 16}, {"from", 0}}};
  std::string text;
  ControlTable table(columns, format, text);
  table.begin();
  for (const auto& row : rows) table.row(std::array<ControlTable::Cell, 3>{row.name, row.value, row.origin});
  table.end();
  return text;
}

// Leaves the one of that name. Result: the mistake; empty: it is there.
std::string keep_named(Rows& rows, const std::string& name) {
  const auto found = std::ranges::find(rows, name, &ControlHost::LimitRow::name);
  if (found != rows.end()) {
    rows = {*found};
    return {};
  }
  std::vector<std::string_view> names;
  for (const auto& row : rows) names.push_back(row.name);
  return "unknown limit \"" + name + "\", " + suggestion(name, names);
}

std::string until_reload(const std::string& name, const std::string& value, ControlFormat format) {
  if (format == ControlFormat::text)
    return name + " = " + value + " holds until the next reload or restart\n";
  std::string text;
  append_fields(std::array<ControlField, 3>{{{"limit", name}, {"value", value}, {"until", "reload"}}}, format,
                text);
  return text;
}

Task<std::string> limits(ControlRequest& request) {
  const std::vector<std::string>& words = request.words;
  if (words.size() > 2)
    co_return "limits takes a name and a value without spaces, as in: limits idle-timeout 30s";
  std::string text;
  if (words.size() == 2) {
    Task<std::vector<std::string>> setting = request.host.set_limit(words[0], words[1], caller_of(request));
    const auto mistakes = co_await std::move(setting);
    if (!mistakes.empty()) co_return in_one_line(mistakes);
    text = until_reload(words[0], words[1], request.format);
  } else {
    Rows rows = request.host.limits();
    const std::string mistake = words.empty() ? "" : keep_named(rows, words[0]);
    if (!mistake.empty()) co_return mistake;
    text = table_of(rows, request.format);
  }
  Task<std::string> sending = send_answer(request, std::move(text));
  auto sent = co_await std::move(sending);
  co_return sent;
}

// ---- log-level

std::string shown_level(LogLevel level, bool is_new, ControlFormat format) {
  const std::string_view name = log_level_names[static_cast<std::size_t>(level)];
  if (format == ControlFormat::text)
    return std::string(name) + (is_new ? " holds until the next reload or restart\n" : "\n");
  std::string text;
  append_fields(std::array<ControlField, 1>{{{"log-level", name}}}, format, text);
  return text;
}

Task<std::string> log_level(ControlRequest& request) {
  if (request.words.size() > 1) co_return "log-level takes one level, as in: log-level debug";
  const bool is_new = !request.words.empty();
  if (is_new) {
    const auto level = parse_log_level(request.words.front());
    if (!level) co_return level.error();
    Task<std::vector<std::string>> setting = request.host.set_log_level(*level, caller_of(request));
    const auto mistakes = co_await std::move(setting);
    if (!mistakes.empty()) co_return in_one_line(mistakes);
  }
  Task<std::string> sending =
      send_answer(request, shown_level(request.host.log_level(), is_new, request.format));
  auto sent = co_await std::move(sending);
  co_return sent;
}

// ---- reload and drain

std::string table_of_mistakes(const std::vector<std::string>& mistakes, ControlFormat format) {
  static constexpr std::array<ControlTable::Column, 1> columns{{{"mistake", 0}}};
  std::string text;
  ControlTable table(columns, format, text);
  table.begin();
  for (const std::string& mistake : mistakes) table.row(std::array<ControlTable::Cell, 1>{mistake});
  table.end();
  return text;
}

Task<std::string> reload(ControlRequest& request) {
  if (!request.words.empty()) co_return "reload takes no argument: it reads the files of --config again";
  std::string refusal = request.host.refuses_reload();
  if (!refusal.empty()) co_return refusal;
  Task<std::vector<std::string>> reloading = request.host.reload(caller_of(request));
  const auto mistakes = co_await std::move(reloading);
  if (mistakes.empty()) co_return std::string();
  Task<std::string> sending = send_answer(request, table_of_mistakes(mistakes, request.format));
  auto sent = co_await std::move(sending);
  if (!sent.empty()) co_return sent;
  co_return "nothing was changed: mend the mistakes, and reload again";
}

Task<std::string> drain(ControlRequest& request) {
  if (!request.words.empty()) co_return "drain takes no argument: drain-timeout is a setting";
  Task<std::vector<std::string>> draining = request.host.drain(caller_of(request));
  const auto mistakes = co_await std::move(draining);
  co_return in_one_line(mistakes);
}

constexpr std::array<ControlCommand, 4> commands{{
    {"limits", "[NAME [VALUE]]", "show the limits on clients, or set one until the next reload", limits,
     "  VALUE is written as in the configuration: 30s, 64KiB, 1000,reject, 100/s,burst=500.\n"
     "  It holds for open connections, too, and is lost at the next reload or restart.\n"},
    {"log-level", "[LEVEL]", "show the level of the log, or set it until the next reload", log_level,
     "  LEVEL is error, warn, info or debug.\n"},
    {"reload", "", "read the configuration again, and wait until it is in force", reload,
     "  As SIGHUP: all of the new settings come into force, or none, and the mistakes are shown.\n"
     "  While another reload runs it waits its turn.\n"},
    {"drain", "", "end the daemon in order, as SIGTERM does", drain,
     "  The answer comes at once. A second drain, a second or more after the first, ends it without waiting\n"
     "  for clients.\n"},
}};

}  // namespace

std::span<const ControlCommand> change_commands() noexcept { return commands; }

}  // namespace reactord

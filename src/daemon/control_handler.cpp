#include "daemon/control_handler.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "base/suggestion.hpp"
#include "daemon/printable.hpp"
#include "reactord/line_reader.hpp"

namespace reactord {
namespace {

std::vector<std::string> words_of(std::string_view line) {
  constexpr std::string_view spaces = " \t";
  std::vector<std::string> words;
  for (std::size_t at = line.find_first_not_of(spaces); at != line.npos;
       at = line.find_first_not_of(spaces, at)) {
    const std::size_t end = std::min(line.find_first_of(spaces, at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

}  // namespace

ControlHandler::ControlHandler(ControlHost& host, std::vector<std::span<const ControlCommand>> tables)
    : host_(host), tables_(std::move(tables)) {
  tables_.insert(tables_.begin(), general_commands());
}

Task<> ControlHandler::serve(Conn& conn, Context& context) {
  LineReader lines(conn);
  bool goes_on = true;
  while (goes_on) {
    auto line = co_await lines.read_line();
    if (!line) co_return;
    ControlRequest request{.host = host_,
                           .conn = conn,
                           .input = lines,
                           .context = context,
                           .words = words_of(*line),
                           .tables = tables_};
    goes_on = co_await answer(std::move(request));
    co_await context.reactor().next_turn();
  }
}

Task<bool> ControlHandler::answer(ControlRequest request) {
  if (request.words.empty()) co_return true;
  if (std::erase(request.words, "--json") > 0) request.format = ControlFormat::json;
  auto error = co_await run(request);
  std::string last = "OK\n";
  if (!error.empty()) last = "ERR " + printable(std::string_view(error).substr(0, longest_error)) + '\n';
  auto sent = co_await request.conn.write(last);
  co_return sent.has_value() && !request.is_last;
}

Task<std::string> ControlHandler::run(ControlRequest& request) {
  if (request.words.empty()) co_return "write a command: help lists all";
  const std::string name = std::move(request.words.front());
  request.words.erase(request.words.begin());
  const ControlCommand* const command = find(name);
  if (command == nullptr) co_return unknown(name);
  try {
    auto error = co_await command->run(request);
    co_return error;
  } catch (const std::bad_alloc&) {
    co_return "out of memory: try again";
  } catch (const std::exception& exception) {
    co_return name + " has failed: " + exception.what();
  } catch (...) {
    co_return name + " has failed: unknown exception";
  }
}

const ControlCommand* ControlHandler::find(std::string_view name) const noexcept {
  for (const auto table : tables_) {
    const auto found = std::ranges::find(table, name, &ControlCommand::name);
    if (found != table.end()) return &*found;
  }
  return nullptr;
}

std::string ControlHandler::unknown(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const auto table : tables_) {
    for (const ControlCommand& command : table) names.push_back(command.name);
  }
  const std::string hint = suggestion(name, names);
  return "unknown command \"" + std::string(name) + "\": " + hint +
         (hint.ends_with('?') ? " help lists all" : "");
}

}  // namespace reactord

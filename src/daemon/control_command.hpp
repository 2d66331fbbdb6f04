// ControlCommand: a command of the control socket. A request is a line, an answer some lines, of which the last one alone is
// OK or begins with ERR:
//
//     connections state=sending limit=2        stats --json                connection 7
//     id  protocol  peer             ...       {"accepted":91,"open":3}    ERR there is no connection 7: see connections
//     7   line      192.0.2.1:51234  ...       OK
//     OK
//
// The commands stand in tables, one for each family of them. ControlHandler reads the lines and finds the command. A word of
// one command is never quoted: words end at spaces and tabs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reactord/conn.hpp"
#include "reactord/context.hpp"
#include "reactord/line_reader.hpp"
#include "reactord/task.hpp"

namespace reactord {

class ControlHost;
struct ControlCommand;

enum class ControlFormat : std::uint8_t {
  text,  // columns for people
  json,  // asked for by --json as one of the words
};

// A request. It outlives the task of its command.
struct ControlRequest {
  ControlHost& host;
  Conn&
      conn;  // the answer goes there: co_await its write(), so that a client that does not read holds up itself alone
  LineReader& input;  // what the client has sent behind the request: for a command that waits for it
  Context& context;   // done when the answer is wanted no more
  std::vector<std::string> words;  // behind the name, without --json
  ControlFormat format = ControlFormat::text;
  std::span<const std::span<const ControlCommand>> tables = {};  // of all commands there are
  bool is_last = false;  // set by a command after which the connection ends
};

struct ControlCommand {
  std::string_view name;
  std::string_view arguments;  // as help shows them: "ID"; empty: none
  std::string_view help;       // one line
  // Writes the lines in front of the last one. Result: what was wrong and what would be right, to stand behind ERR; empty: OK.
  // An exception is such a result, too.
  Task<std::string> (*run)(ControlRequest& request);
  std::string_view details = {};  // lines, each with its end, that `help COMMAND` shows below
};

// help, quit: those of the socket itself. ControlHandler has them without being told.
std::span<const ControlCommand> general_commands() noexcept;
// connections, connection, kill.
std::span<const ControlCommand> connection_commands() noexcept;
// stats, listeners, programs, slow, ended: what the daemon knows.
std::span<const ControlCommand> report_commands() noexcept;
// limits, log-level, reload, drain: what changes it.
std::span<const ControlCommand> change_commands() noexcept;
// metrics.
std::span<const ControlCommand> metrics_commands() noexcept;
// events, trace: what goes on until the client has enough.
std::span<const ControlCommand> follow_commands() noexcept;

}  // namespace reactord

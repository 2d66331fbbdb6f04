// ControlHandler: the dialogue of the control socket (control_command.hpp). It reads a line, finds its command, and ends
// the answer.
//
//     read_line --> words --> command --> run() --> OK, or ERR and what run() says
//         ^                                              |
//         +----------------- the next turn <-------------+        until quit, the client's end, or the server's
//
// Words end at spaces and tabs. An empty line has no answer. --json among the words asks for JSON. Lines have the limits of
// the server that serves the socket. That should not be the server which the commands look at: kill would end the operator's
// own connection, and a full server would have no place for an operator.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/control_command.hpp"
#include "daemon/control_host.hpp"
#include "reactord/handler.hpp"

namespace reactord {

class ControlHandler final : public StreamHandler {
 public:
  static constexpr std::size_t lines_per_turn = 1;  // of a connection, then the others have their turn
  static constexpr std::size_t longest_error =
      1024;  // bytes of what stands behind ERR, before it is made printable

  // Serves general_commands(), and then those of `tables`. `host` and the commands must outlive it.
  ControlHandler(ControlHost& host, std::vector<std::span<const ControlCommand>> tables);

 private:
  Task<> serve(Conn& conn, Context& context) override;
  // False: no further line is wanted.
  Task<bool> answer(ControlRequest request);
  Task<std::string> run(ControlRequest& request);
  const ControlCommand* find(std::string_view name) const noexcept;
  std::string unknown(std::string_view name) const;

  ControlHost& host_;
  std::vector<std::span<const ControlCommand>> tables_;
};

}  // namespace reactord

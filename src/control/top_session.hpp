// TopSession: one connection to the control socket for many commands, one after the other.
//
//     none -- ask(): dial --> open -- OK, ERR --> open     the next ask() has it
//      ^                        +---- failure, an answer that is too long ----> none
//      +------------------------+
//
// A daemon closes a connection that asks nothing for long, and one that has restarted knows nothing of it. So a command
// that finds the connection ended before any of its answer has come is asked once more, on a new one; unless it means a
// connection by its number, which is another's in another daemon.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "control/control_client.hpp"
#include "reactord/conn.hpp"
#include "reactord/context.hpp"
#include "reactord/line_reader.hpp"
#include "reactord/task.hpp"

namespace reactord::control {

class TopSession {
 public:
  static constexpr std::size_t longest_answer = std::size_t{16} * 1024 * 1024;  // bytes

  struct Answered {
    Outcome outcome;   // exit_refused: its `why` is what the daemon says
    std::string text;  // the answer, without its last line
  };

  // `socket` is a path, or @name. The daemon may be silent for `timeout`. Once `context`, which must outlive it, is done,
  // every ask() fails.
  TopSession(Context& context, std::string socket, Duration timeout)
      : context_(context), socket_(std::move(socket)), timeout_(timeout) {}

  // Suspends until the daemon has answered, or it is clear that it does not. One ask() at a time. With the number() of a
  // connection it is asked on that one, or not at all.
  Task<Answered> ask(std::string command, std::optional<std::uint64_t> on = {});

  std::uint64_t number() const noexcept {
    return number_;
  }  // of the last connection that was made; 0: none yet
  Time now() const noexcept { return context_.reactor().now(); }
  const std::string& socket() const noexcept { return socket_; }

 private:
  struct Line {
    explicit Line(Conn of) : conn(std::move(of)), reader(conn) {}
    Conn conn;
    LineReader reader;
  };
  // The outcome of one try.
  struct Tried {
    Answered answered;
    bool had_ended = false;  // the connection, before any of the answer had come
  };
  Task<Outcome> open();
  Task<Tried> exchange(std::string request);
  void close() noexcept;

  Context& context_;
  const std::string socket_;
  const Duration timeout_;
  std::uint64_t number_ = 0;
  std::unique_ptr<Line> line_;  // null: no connection
};

}  // namespace reactord::control

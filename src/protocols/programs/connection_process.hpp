// ConnectionProcess: the process that serves one connection alone. Its standard input and output are the connection, its
// standard error goes to the log.
//
//     start() --> serving ----------- leave(): nobody serves it any more ------> leaving ---> ended, deleted by its owner
//                  |  the client's FIN closes its standard input                  | its streams are closed
//                  |  the end of its output ends serve(), all of it sent          | program_grace: SIGTERM to the group
//                  +- it ends: what lies in its pipes still counts                | program_term_grace: SIGKILL
//
// finish() closes standard input, and begins the same way to its end while it is still served.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "protocols/programs/error_lines.hpp"
#include "protocols/programs/process_transport.hpp"
#include "protocols/programs/program_environment.hpp"
#include "protocols/programs/program_host.hpp"
#include "protocols/programs/program_settings.hpp"
#include "protocols/programs/started_program.hpp"
#include "reactord/conn.hpp"
#include "reactord/list.hpp"

namespace reactord {

class ConnectionProcess final : Timer, ChildListener, ErrorLinesListener, ProcessTransport::Listener {
 public:
  // A program whose connection is to end, by a drain or its lifetime, has this long to end by itself.
  static constexpr Duration longest_farewell = 30s;
  // It was given bytes and has written nothing: that is told after this time.
  static constexpr Duration silent_after = 5s;

  class Listener {
   public:
    virtual void on_process_silent(const ConnectionProcess& process) = 0;  // at most once
    virtual void on_process_ended(ConnectionProcess& process) = 0;         // it may delete one that was left

   protected:
    ~Listener() = default;
  };
  struct Surroundings {  // all outlive it
    const ProgramHost& host;
    Listener& listener;
  };

  // The settings and the environment are not used after the call. Errors: those of start_program(), Reactor::add() and
  // make_conn().
  static Result<std::unique_ptr<ConnectionProcess>> start(const Surroundings& surroundings,
                                                          const ProgramSettings& settings,
                                                          const ProgramEnvironment& environment,
                                                          ProgramConnection connection);
  ~ConnectionProcess();  // kills the process if it runs. Not while it is served

  // Passes bytes both ways until all output is with the kernel of `client`, or the connection is over. The Context of
  // `client` is taken off. `context` is that of StreamHandler::serve(): once it is done the program has longest_farewell, or
  // the connection is closed already and its process is left. Once, and leave() afterwards.
  Task<> serve(Conn& client, Context& context);
  void leave() noexcept;   // nobody serves it any more. It ends, if it has not
  void finish() noexcept;  // closes its standard input, behind the bytes it was given. It ends

  bool has_ended() const noexcept { return child_.has_ended(); }
  bool is_left() const noexcept { return state_ == State::leaving; }
  ProgramProcess process() const noexcept;

 private:
  friend class List<ConnectionProcess>;
  enum class State : std::uint8_t {
    serving,    // its streams are open
    finishing,  // the same, and the time of its end is set
    leaving,    // its streams are closed
  };

  ConnectionProcess(const Surroundings& surroundings, const ProgramSettings& settings, Address remote,
                    ChildProcess child);
  Result<void> attach(StartedProgram& started);
  static Task<> pass_input(ConnectionProcess& process, Conn& client);
  static Task<> heed(ConnectionProcess& process, Conn& client, Context& ends, Context& served);
  void break_off() noexcept;
  void end_later() noexcept;
  bool is_silent() const noexcept;
  void tell_silence() noexcept;

  void on_timer() override;
  void on_child_ended(ChildStatus status) override;
  void on_error_line(std::string_view line, bool is_cut) override;
  void on_first_input() noexcept override;

  Reactor& reactor_;
  ProgramObserver& observer_;
  Listener& listener_;
  const std::string program_;
  const Address remote_;
  const Time began_;
  State state_ = State::serving;
  bool was_told_to_end_ = false;  // by a signal of ours
  bool silence_is_told_ = false;
  ErrorLines errors_;
  ProcessTransport* transport_ = nullptr;  // of streams_, which owns it
  std::optional<Conn> streams_;            // none before attach()
  ChildProcess child_;
  ListNode<ConnectionProcess> node_;
};

}  // namespace reactord

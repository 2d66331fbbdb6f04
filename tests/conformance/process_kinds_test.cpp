// Conns over the pipes between us and a process, through the whole conformance suite. Both ends are ours here.
#include <fcntl.h>

#include <csignal>

#include "base/child_pipe.hpp"
#include "conformance/checked_transport.hpp"
#include "conformance/conn_suite.hpp"
#include "protocols/programs/process_transport.hpp"

namespace {

using reactord::ChildPipe;
using reactord::Conn;
using reactord::ConnPair;
using reactord::FileDescriptor;
using reactord::ProcessTransport;
using reactord::Reactor;
using test::conformance::CheckedTransport;

// A write to a pipe that nobody reads is a signal, if nobody minds.
class NoBrokenPipeSignal {
 public:
  NoBrokenPipeSignal() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
  NoBrokenPipeSignal(const NoBrokenPipeSignal&) = delete;
  NoBrokenPipeSignal& operator=(const NoBrokenPipeSignal&) = delete;
  ~NoBrokenPipeSignal() { std::signal(SIGPIPE, before_); }

 private:
  void (*before_)(int);
};

FileDescriptor nonblocking(FileDescriptor fd) {
  REQUIRE(::fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0);
  return fd;
}

struct OverChildPipes {
  using Surroundings = NoBrokenPipeSignal;
  static constexpr const char* name = "pipes of a process";
  static constexpr bool buffers = true, half_close = true, resets = false, in_memory = true;
  static ConnPair make(Reactor& reactor) {
    auto there = ChildPipe::to_child(), back = ChildPipe::from_child();
    REQUIRE(there.has_value());
    REQUIRE(back.has_value());
    Conn ours = end(reactor, std::move(there->ours), std::move(back->ours));
    return {std::move(ours),
            end(reactor, nonblocking(std::move(back->theirs)), nonblocking(std::move(there->theirs)))};
  }

 private:
  static Conn end(Reactor& reactor, FileDescriptor input, FileDescriptor output) {
    auto transport = ProcessTransport::make(reactor, std::move(input), std::move(output));
    REQUIRE(transport.has_value());
    auto conn = reactord::make_conn(reactor, std::make_unique<CheckedTransport>(std::move(*transport)));
    REQUIRE(conn.has_value());
    return std::move(*conn);
  }
};

}  // namespace

CONN_CONFORMANCE(OverChildPipes)

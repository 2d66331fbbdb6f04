// The kinds of Conn without a descriptor, each through the whole conformance suite.
#include "conformance/conn_suite.hpp"
#include "reactord/pipe.hpp"

namespace {

struct Pipe {
  static constexpr const char* name = "pipe";
  static constexpr bool buffers = false, half_close = true, resets = false, in_memory = true;
  static reactord::ConnPair make(reactord::Reactor& reactor) { return reactord::pipe(reactor); }
};

struct BufferedPipe {
  static constexpr const char* name = "buffered_pipe";
  static constexpr bool buffers = true, half_close = true, resets = false, in_memory = true;
  static reactord::ConnPair make(reactord::Reactor& reactor) { return reactord::buffered_pipe(reactor); }
};

}  // namespace

CONN_CONFORMANCE(Pipe, BufferedPipe)

// Conns over a transport that the user has made, each through the whole conformance suite.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "conformance/checked_transport.hpp"
#include "conformance/conn_suite.hpp"
#include "conformance/descriptor_transport.hpp"
#include "conformance/record_transport.hpp"
#include "conformance/socket_kinds.hpp"
#include "support/faults.hpp"

namespace {

using reactord::Conn;
using reactord::ConnPair;
using reactord::Reactor;
using test::conformance::CheckedTransport;
using test::conformance::DescriptorTransport;
using test::conformance::in_records;
using test::conformance::RecordTransport;

struct RecordsOverTcp : test::conformance::Tcp4 {
  static constexpr const char* name = "records over tcp4";
  static ConnPair make(Reactor& reactor) { return in_records(Tcp4::make(reactor)); }
};

struct RecordsOverFaults : RecordsOverTcp {
  using Surroundings = test::Faults;
  static constexpr const char* name = "records over tcp4 with faults";
};

struct RecordsOverUnix : test::conformance::UnixAbstract {
  static constexpr const char* name = "records over unix abstract";
  static ConnPair make(Reactor& reactor) { return in_records(UnixAbstract::make(reactor)); }
};

struct RecordsOverPipe {
  static constexpr const char* name = "records over buffered_pipe";
  static constexpr bool buffers = true, half_close = true, resets = false, in_memory = true;
  static ConnPair make(Reactor& reactor) { return in_records(reactord::buffered_pipe(reactor)); }
};

struct RecordsOverUnbuffered : RecordsOverPipe {
  static constexpr const char* name = "records over pipe";
  static ConnPair make(Reactor& reactor) { return in_records(reactord::pipe(reactor)); }
};

struct RecordsOverRecords : RecordsOverTcp {
  static constexpr const char* name = "records over records over tcp4";
  static ConnPair make(Reactor& reactor) { return in_records(RecordsOverTcp::make(reactor)); }
};

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

// Two of the kernel's pipes, one for each direction. A layer needs no Conn below.
struct OverDescriptors {
  using Surroundings = NoBrokenPipeSignal;
  static constexpr const char* name = "pipes of the kernel";
  static constexpr bool buffers = true, half_close = true, resets = false, in_memory = true;
  static ConnPair make(Reactor& reactor) {
    return make(reactor, [](auto transport) { return transport; });
  }
  template <typename Layer>
  static ConnPair make(Reactor& reactor, Layer layer) {
    int there[2], back[2];
    REQUIRE(::pipe2(there, O_NONBLOCK | O_CLOEXEC) == 0);
    REQUIRE(::pipe2(back, O_NONBLOCK | O_CLOEXEC) == 0);
    auto end = [&](int input, int output) {
      auto transport = DescriptorTransport::make(reactor, input, output);
      REQUIRE(transport.has_value());
      auto conn = reactord::make_conn(reactor, layer(std::move(*transport)));
      REQUIRE(conn.has_value());
      return std::move(*conn);
    };
    Conn first = end(back[0], there[1]);
    return {std::move(first), end(there[0], back[1])};
  }
};
struct RecordsOverDescriptors : OverDescriptors {
  static constexpr const char* name = "records over pipes of the kernel";
  static ConnPair make(Reactor& reactor) {
    return OverDescriptors::make(reactor, [](auto transport) {
      return std::make_unique<CheckedTransport>(std::make_unique<RecordTransport>(std::move(transport)));
    });
  }
};

// The library above, the records, and the library below are held to what they may ask of each other.
Conn in_checked_records(Conn conn) {
  Reactor& reactor = conn.reactor();
  auto below = std::make_unique<CheckedTransport>(reactord::as_transport(std::move(conn)));
  auto records = std::make_unique<CheckedTransport>(std::make_unique<RecordTransport>(std::move(below)));
  auto made = reactord::make_conn(reactor, std::move(records));
  REQUIRE(made.has_value());
  return std::move(*made);
}

template <typename Kind>
struct Checked : Kind {
  static ConnPair make(Reactor& reactor) {
    ConnPair pair = Kind::make(reactor);
    return {in_checked_records(std::move(pair.first)), in_checked_records(std::move(pair.second))};
  }
};
struct CheckedOverTcp : Checked<test::conformance::Tcp4> {
  static constexpr const char* name = "checked records over tcp4";
};
struct CheckedOverRecords : Checked<RecordsOverPipe> {
  static constexpr const char* name = "checked records over records over buffered_pipe";
};

}  // namespace

CONN_CONFORMANCE(RecordsOverTcp, RecordsOverFaults, RecordsOverUnix, RecordsOverPipe, RecordsOverUnbuffered,
                 RecordsOverRecords, OverDescriptors, RecordsOverDescriptors, CheckedOverTcp,
                 CheckedOverRecords)

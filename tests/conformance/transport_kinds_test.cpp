// Conns over a transport that the user has made, each through the whole conformance suite.
#include "conformance/conn_suite.hpp"
#include "conformance/record_transport.hpp"
#include "conformance/socket_kinds.hpp"
#include "support/faults.hpp"

namespace {

using reactord::ConnPair;
using reactord::Reactor;
using test::conformance::in_records;

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

}  // namespace

CONN_CONFORMANCE(RecordsOverTcp, RecordsOverFaults, RecordsOverUnix, RecordsOverPipe, RecordsOverUnbuffered,
                 RecordsOverRecords)

// Conns over a transport that the user has made, each through the whole conformance suite.
#include "conformance/checked_transport.hpp"
#include "conformance/conn_suite.hpp"
#include "conformance/record_transport.hpp"
#include "conformance/socket_kinds.hpp"
#include "support/faults.hpp"

namespace {

using reactord::Conn;
using reactord::ConnPair;
using reactord::Reactor;
using test::conformance::CheckedTransport;
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
                 RecordsOverRecords, CheckedOverTcp, CheckedOverRecords)

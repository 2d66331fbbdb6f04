// Worker: a process that does its share of the load, and the link by which it tells of it: lines, over a socket pair.
//
//     worker  -->  opening ANSWERED ERRORS OPEN   once a second, while they open
//             -->  ready                          its connections are open
//             <--  start NANOSECONDS              on the clock that all processes share
//             -->  warm-up ANSWERED ERRORS OPEN   once a second
//             -->  second N REQUESTS ERRORS OPEN HISTOGRAM
//             <--  stop                           or a signal; or the end of the link, or a second signal: then at once
//             -->  result JSON                    by result_json.hpp; the last line
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "load/options/options.hpp"
#include "reactord/conn.hpp"

namespace reactord::load {

// Signals that are so close are one: timeout(1) sends two, to its child and to the group.
inline constexpr Duration same_instant = 100ms;

// Lines as they arrive on a connection.
class LineInput {
 public:
  explicit LineInput(Conn& conn) noexcept : conn_(conn) {}
  Task<std::optional<std::string>> next();  // without its end; nothing: the other end is gone

 private:
  Conn& conn_;
  Buffer input_;
  std::size_t searched_ = 0;
};

// What the process `index` of them does: numbers divided, so that the sum is what was asked for.
LoadOptions share_of(const LoadOptions& options, std::uint64_t index);

// Does it, until it is done or `link` is closed. Takes the descriptor. SIGINT and SIGTERM, which the caller has blocked,
// are as a stop; the result then says that it was interrupted.
void run_worker(const LoadOptions& share, int link);

}  // namespace reactord::load

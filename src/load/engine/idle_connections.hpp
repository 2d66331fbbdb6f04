// IdleConnections: connections of --hold, which stay open and idle: they show what idle clients cost a server.
#pragma once

#include <cstdint>

#include "load/engine/engine_state.hpp"
#include "reactord/conn.hpp"

namespace reactord::load {

class IdleConnections {
 public:
  IdleConnections(EngineState& state, std::uint64_t first, std::uint64_t count);

  Task<> open();  // dials all of them, some at a time
  void end() noexcept;

 private:
  Task<> open_some();
  Task<> hold(Conn conn, std::uint64_t number);

  EngineState& state_;
  const std::uint64_t first_, count_;
  std::uint64_t next_ = 0;
  std::size_t opening_ = 0;
  Context until_opened_;
  Context until_end_;
};

}  // namespace reactord::load

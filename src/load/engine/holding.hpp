// Holding: connections that are open and idle, beside those that work: what a server pays for clients that only stay.
#pragma once

#include <cstdint>
#include <vector>

#include "load/engine/connection.hpp"

namespace reactord::load {

class Holding {
 public:
  Holding(Common& common, std::uint64_t first, std::uint64_t count);

  Task<> open();  // all of them, some at a time
  void end() noexcept;

 private:
  Task<> open_some();
  Task<> hold(Conn conn, std::uint64_t number);

  Common& common_;
  const std::uint64_t first_, count_;
  std::uint64_t next_ = 0;
  std::size_t opening_ = 0;
  Context until_opened_;
  Context until_end_;
};

}  // namespace reactord::load

// ConnectionTable: connections as an operator sees them, a row each, or one of them with a line for each column.
//
//     id  protocol  peer             state  age    silent  lines  in   out  buffered  unsent
//     7   line      192.0.2.1:51234  idle   1h05m  2s      91     873  910  0         0
#pragma once

#include <string>

#include "daemon/control_table.hpp"
#include "reactord/connection_walk.hpp"

namespace reactord {

class ConnectionTable {
 public:
  ConnectionTable(ControlFormat format, std::string& out);  // appends to `out`

  void begin() { table_.begin(); }
  void row(const OpenConnection& connection);
  void end() { table_.end(); }

 private:
  ControlTable table_;
};

void append_connection(const OpenConnection& connection, ControlFormat format, std::string& out);

}  // namespace reactord

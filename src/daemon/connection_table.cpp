#include "daemon/connection_table.hpp"

#include <array>

#include "daemon/shown_address.hpp"

namespace reactord {
namespace {

using Column = ControlTable::Column;

constexpr std::array<Column, 11> columns{{{"id", 6},
                                          {"protocol", 10},
                                          {"peer", 21},  // 255.255.255.255:65535
                                          {"state", 7},
                                          {"age", 6},
                                          {"silent", 6},
                                          {"lines", 8},
                                          {"in", 10},
                                          {"out", 10},
                                          {"buffered", 8},
                                          {"unsent", 8}}};

using Cells = std::array<ControlTable::Cell, columns.size()>;

// `peer` must outlive the cells.
Cells cells_of(const OpenConnection& one, const std::string& peer) {
  return {one.number,
          one.protocol,
          std::string_view(peer),
          to_string(one.state),
          one.age,
          one.silent,
          one.lines,
          one.bytes_read,
          one.bytes_written,
          std::uint64_t{one.buffered},
          std::uint64_t{one.unsent}};
}

}  // namespace

ConnectionTable::ConnectionTable(ControlFormat format, std::string& out) : table_(columns, format, out) {}

void ConnectionTable::row(const OpenConnection& connection) {
  const std::string peer = shown_address(connection.remote);
  table_.row(cells_of(connection, peer));
}

void append_connection(const OpenConnection& connection, ControlFormat format, std::string& out) {
  const std::string peer = shown_address(connection.remote);
  const Cells cells = cells_of(connection, peer);
  std::array<ControlField, columns.size()> fields;
  for (std::size_t at = 0; at < fields.size(); ++at) fields[at] = {columns[at].name, cells[at]};
  append_fields(fields, format, out);
}

}  // namespace reactord

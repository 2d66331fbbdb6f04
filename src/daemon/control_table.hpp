// ControlTable: rows of an answer, in columns for people, or as JSON for programs.
//
//     text   id  protocol  state    buffered        json   [
//            7   line      sending  4096                    {"id":7,"protocol":"line","state":"sending","buffered":4096}
//            12  line      idle     0                      ,{"id":12,"protocol":"line","state":"idle","buffered":0}
//                                                          ]
//
// A row is written when it is there: so a column has the width that it was given, and a longer value moves the rest of its row.
// Each row is a whole line, so an answer may break off behind any of them. Text of any origin is printable (printable.hpp), or
// escaped as JSON wants it. A byte that is no UTF-8 is shown in JSON by the text \\xff. No line is OK or begins with "ERR ":
// that is the last line of an answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/control_command.hpp"
#include "reactord/time.hpp"

namespace reactord {

class ControlTable {
 public:
  struct Column {
    std::string_view name;
    std::size_t width;  // at least, for people
  };
  // A Duration is 1m30s for people (brief_duration()), and seconds with milliseconds in JSON: 90.000.
  using Cell = std::variant<std::string_view, std::uint64_t, Duration>;

  // `columns` must outlive it. It appends to `out`, which the caller may empty between rows.
  ControlTable(std::span<const Column> columns, ControlFormat format, std::string& out);

  void begin();                           // the heading
  void row(std::span<const Cell> cells);  // there must be as many as columns
  void end();

 private:
  std::span<const Column> columns_;
  ControlFormat format_;
  std::string& out_;
  bool is_first_ = true;
};

// The two greatest units that it has, cut: 340ms, 12s, 1m30s, 2h05m, 3d04h.
std::string brief_duration(Duration duration);

// The same of one thing: a line for each name and value, or one JSON object on one line.
struct ControlField {
  std::string_view name;
  ControlTable::Cell value;
};
void append_fields(std::span<const ControlField> fields, ControlFormat format, std::string& out);

}  // namespace reactord

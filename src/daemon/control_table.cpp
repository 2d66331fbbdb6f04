#include "daemon/control_table.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

#include "daemon/printable.hpp"

namespace reactord {
namespace {

constexpr std::size_t gap = 2;  // spaces between two columns, at least

void append_number(std::string& out, std::uint64_t number, std::size_t digits = 1) {
  char text[20];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  const auto length = static_cast<std::size_t>(end - text);
  if (length < digits) out.append(digits - length, '0');
  out.append(text, length);
}

std::uint64_t milliseconds_in(Duration duration) noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::max(duration, Duration(0))).count());
}

void append_brief(std::string& out, Duration duration) {
  struct Unit {
    std::uint64_t seconds, parts;  // `parts` of the next unit are one of it
    char name, next;
  };
  static constexpr std::array<Unit, 3> units{
      {{86400, 24, 'd', 'h'}, {3600, 60, 'h', 'm'}, {60, 60, 'm', 's'}}};
  const std::uint64_t milliseconds = milliseconds_in(duration), seconds = milliseconds / 1000;
  if (seconds == 0) {
    append_number(out, milliseconds);
    out += "ms";
    return;
  }
  const auto* const unit =
      std::ranges::find_if(units, [=](const Unit& one) { return seconds >= one.seconds; });
  if (unit == units.end()) {
    append_number(out, seconds);
    out += 's';
    return;
  }
  append_number(out, seconds / unit->seconds);
  out += unit->name;
  append_number(out, seconds % unit->seconds / (unit->seconds / unit->parts), 2);
  out += unit->next;
}

void append_text(std::string& out, const ControlTable::Cell& cell) {
  if (const auto* const text = std::get_if<std::string_view>(&cell)) {
    if (is_printable(*text)) {
      out += *text;
    } else {
      out += printable(*text);
    }
  } else if (const auto* const number = std::get_if<std::uint64_t>(&cell)) {
    append_number(out, *number);
  } else {
    append_brief(out, std::get<Duration>(cell));
  }
}

void append_json(std::string& out, const ControlTable::Cell& cell) {
  if (const auto* const text = std::get_if<std::string_view>(&cell)) {
    append_quoted(out, *text);
  } else if (const auto* const number = std::get_if<std::uint64_t>(&cell)) {
    append_number(out, *number);
  } else {
    const std::uint64_t milliseconds = milliseconds_in(std::get<Duration>(cell));
    append_number(out, milliseconds / 1000);
    out += '.';
    append_number(out, milliseconds % 1000, 3);
  }
}

// `name` is one of ours, and needs no escape.
void append_member(std::string& out, std::string_view name, const ControlTable::Cell& value) {
  if (out.back() != '{') out += ',';
  ((out += '"') += name) += "\":";
  append_json(out, value);
}

// Fills up what begins at `start` with spaces.
void pad(std::string& out, std::size_t start, std::size_t width) {
  const auto shown =
      static_cast<std::size_t>(std::ranges::count_if(std::string_view(out).substr(start), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
      }));
  out.append(std::max(width, shown) - shown + gap, ' ');
}

// Keeps the line that begins at `start` from being taken for the last one of the answer.
void distinguish(std::string& out, std::size_t start) {
  const std::string_view line = std::string_view(out).substr(start);
  if (line == "OK" || line == "ERR" || line.starts_with("ERR ")) {
    out.replace(start, 1, line[0] == 'O' ? "\\u004f" : "\\u0045");
  }
}

}  // namespace

ControlTable::ControlTable(std::span<const Column> columns, ControlFormat format, std::string& out)
    : columns_(columns), format_(format), out_(out) {}

void ControlTable::begin() {
  if (format_ == ControlFormat::json) {
    out_ += "[\n";
    return;
  }
  for (const Column& column : columns_) {
    const std::size_t start = out_.size();
    out_ += column.name;
    if (&column != &columns_.back()) pad(out_, start, column.width);
  }
  out_ += '\n';
}

void ControlTable::row(std::span<const Cell> cells) {
  assert(cells.size() == columns_.size());
  const std::size_t line = out_.size();
  if (format_ == ControlFormat::json) {
    out_ += is_first_ ? " {" : ",{";
    for (std::size_t at = 0; at < cells.size(); ++at) append_member(out_, columns_[at].name, cells[at]);
    out_ += "}\n";
    is_first_ = false;
    return;
  }
  for (std::size_t at = 0; at < cells.size(); ++at) {
    const std::size_t start = out_.size();
    append_text(out_, cells[at]);
    if (at + 1 < cells.size()) pad(out_, start, std::max(columns_[at].width, columns_[at].name.size()));
  }
  distinguish(out_, line);
  out_ += '\n';
}

void ControlTable::end() {
  if (format_ == ControlFormat::json) out_ += "]\n";
}

std::string brief_duration(Duration duration) {
  std::string text;
  append_brief(text, duration);
  return text;
}

void append_fields(std::span<const ControlField> fields, ControlFormat format, std::string& out) {
  if (format == ControlFormat::json) {
    out += '{';
    for (const ControlField& field : fields) append_member(out, field.name, field.value);
    out += "}\n";
    return;
  }
  std::size_t width = 0;
  for (const ControlField& field : fields) width = std::max(width, field.name.size());
  for (const ControlField& field : fields) {
    const std::size_t start = out.size();
    out += field.name;
    pad(out, start, width);
    append_text(out, field.value);
    distinguish(out, start);
    out += '\n';
  }
}

}  // namespace reactord

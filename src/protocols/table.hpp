// The protocols that reactord serves: one line each, in table.cpp.
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "reactord/handler.hpp"

namespace reactord {

// One object serves all connections. It lives as long as the program.
using Handler = std::variant<LineHandler*, StreamHandler*>;

struct Protocol {
  std::string_view name;     // as in --listen NAME@ADDRESS
  std::string_view summary;  // for --help
  Handler (*handler)();
};

std::span<const Protocol> protocols() noexcept;                 // in the order of the table
const Protocol* find_protocol(std::string_view name) noexcept;  // null when there is none of that name

}  // namespace reactord

// The protocols that reactord serves: one line each, here below in table.cpp.
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "reactord/handler.hpp"

namespace reactord {

using Handler =
    std::variant<LineHandler*, StreamHandler*>;  // one object for all connections, living for ever

struct Protocol {
  std::string_view name;     // as in --listen NAME@ADDRESS
  std::string_view summary;  // for --help
  Handler (*handler)();
};

std::span<const Protocol> protocols() noexcept;                 // in the order of the table
const Protocol* find_protocol(std::string_view name) noexcept;  // null: there is none of that name

}  // namespace reactord

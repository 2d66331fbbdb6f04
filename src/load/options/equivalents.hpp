// Equivalents: names that other load generators have for options that are ours under another name.
#pragma once

#include <string_view>

namespace reactord::load {

// Our name, without dashes, for the option that others call `name`. Empty: none of them has it.
std::string_view equivalent_option(std::string_view name) noexcept;

}  // namespace reactord::load

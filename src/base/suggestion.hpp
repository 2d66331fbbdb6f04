// Suggestion: what somebody who wrote a wrong word may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace reactord {

// "did you mean X?" where one of `names` is a slip of the fingers away; otherwise "known:" and those that begin with
// `wrong`, or all where none does. `prefix` stands before each.
std::string suggestion(std::string_view wrong, std::span<const std::string_view> names,
                       std::string_view prefix = "");

}  // namespace reactord

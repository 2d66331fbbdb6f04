// Suggestion: the word that the writer of a wrong word may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace reactord {

// "did you mean X?" when one of `names` is a typing mistake away. Otherwise "known:" and the names that begin with
// `wrong`, or all when none does. `prefix` stands before each.
std::string suggestion(std::string_view wrong, std::span<const std::string_view> names,
                       std::string_view prefix = "");

}  // namespace reactord

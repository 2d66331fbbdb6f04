// Diagnostic: a mistake in a script and its place.
#pragma once

#include <expected>
#include <string>

namespace reactord::load {

struct Diagnostic {
  std::string what;       // what is wrong and what would be right
  unsigned line, column;  // from 1
};

using Checked = std::expected<void, Diagnostic>;

}  // namespace reactord::load

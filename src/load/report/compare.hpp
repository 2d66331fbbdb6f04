// Compare: two results of load runs side by side, each number with its ratio b/a, and warnings where they hardly compare.
#pragma once

#include <string>
#include <string_view>

#include "load/result/result.hpp"

namespace reactord::load {

struct NamedResult {
  std::string_view name;  // the name of its file, for example
  const LoadResult& result;
};

// A table that ends in a newline. Below it stands one line "warning: ..." for each difference in configuration and
// environment, and for each result that says little of the server. A ratio to zero or of a value that was not measured is
// "-".
std::string compare_text(const NamedResult& a, const NamedResult& b);

// The same for other tools: {"schema": 1, "program": "reactord-load", "compared": ["a.json", "b.json"], "rows": [{"name":
// "p99", "unit": "ns", "a": 1200, "b": null, "ratio": null}, ...], "warnings": ["...", ...]}. Null: not measured.
std::string compare_json(const NamedResult& a, const NamedResult& b);

}  // namespace reactord::load

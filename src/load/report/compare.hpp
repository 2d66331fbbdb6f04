// Compare: two results of load runs side by side, each number with its ratio b/a, and what makes them hard to compare.
#pragma once

#include <string>
#include <string_view>

#include "load/result/result.hpp"

namespace reactord::load {

struct NamedResult {
  std::string_view name;  // of its file, say
  const LoadResult& result;
};

// A table with a newline at its end; below it one line "warning: ..." for each difference in what was asked and where it
// ran, and for each result that says little of the server. A ratio that cannot be is "-": of nothing, or of nothing measured.
std::string compare_text(const NamedResult& a, const NamedResult& b);

// The same for other tools: {"schema": 1, "program": "reactord-load", "compared": ["a.json", "b.json"], "rows": [{"name":
// "p99", "unit": "ns", "a": 1200, "b": null, "ratio": null}, ...], "warnings": ["...", ...]}. Null: not measured.
std::string compare_json(const NamedResult& a, const NamedResult& b);

}  // namespace reactord::load

// Foreign options: what other load generators call what we have under another name.
#pragma once

#include <string_view>

namespace reactord::load {

// The name of our option for what `name` is elsewhere, without dashes; empty: it is nowhere that we know of.
std::string_view ours_for(std::string_view name) noexcept;

}  // namespace reactord::load

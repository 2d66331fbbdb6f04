// The environment variables of the service manager. Each is read once and removed: it is meant for this process, and a
// child must not take it as its own.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace reactord {

// Its value; empty when it is not set. Call it before there are threads: the environment has no lock.
std::optional<std::string> take_variable(const char* name);

// A decimal number and nothing else that fits into Number.
template <typename Number>
std::optional<Number> parse_whole(std::string_view text) noexcept {
  Number number{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || end != last) return std::nullopt;
  return number;
}

}  // namespace reactord

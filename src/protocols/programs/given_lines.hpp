// for_each_given_line: the lines in what waits for a worker.
//
//     7 set a 1\n7+ 192.0.2.1:51234\n8 get a\n      7, "7 set a 1\n" and 8, "8 get a\n": the other one is a notice
#pragma once

#include <cassert>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace reactord {

// Calls tell(connection, line) for each of `lines` that was given for a connection, in order. A line has its newline.
template <typename Tell>
void for_each_given_line(std::string_view lines, Tell tell) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n') + 1);
    lines.remove_prefix(line.size());
    std::uint64_t connection = 0;
    const auto [behind, error] = std::from_chars(line.data(), line.data() + line.size(), connection);
    assert(error == std::errc());
    if (*behind == ' ') tell(connection, line);
  }
}

}  // namespace reactord

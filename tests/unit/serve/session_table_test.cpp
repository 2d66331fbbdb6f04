// The measure by which sessions are listed: never less than what they hold, and at most an eighth more.
#include "serve/session_table.hpp"

#include <doctest/doctest.h>

using reactord::SessionTable;

TEST_CASE("a session is listed for what it holds, or for at most an eighth more") {
  std::size_t last = 0;
  for (std::size_t bytes = 0; bytes < std::size_t{1} << 32; bytes += 1 + bytes / 97) {
    CAPTURE(bytes);
    const std::size_t listed = SessionTable::bytes_of(SessionTable::measure_of(bytes));
    CHECK(listed >= bytes);
    CHECK(listed <= bytes + bytes / 8 + 255);
    CHECK(listed >= last);
    last = listed;
  }
  // What a Buffer has, and what two of them have together, it is listed for exactly.
  constexpr std::size_t sizes[] = {256, 1024, 65'536, 262'144, 65'536 + 16'384, 1024 + 256};
  for (const std::size_t bytes : sizes) {
    CHECK(SessionTable::bytes_of(SessionTable::measure_of(bytes)) == bytes);
  }
  CHECK(SessionTable::measure_of(~std::size_t{0}) < 192);
}

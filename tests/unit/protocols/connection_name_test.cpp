// The number of a connection in front of a line.
#include "protocols/programs/connection_name.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using reactord::ConnectionName;

TEST_CASE("a name is written, and found in front of a line, whatever its length") {
  for (const std::uint64_t number : {std::uint64_t{1}, std::uint64_t{12}, std::uint64_t{1'234'567},
                                     std::uint64_t{12'345'678}, std::numeric_limits<std::uint64_t>::max()}) {
    CAPTURE(number);
    const ConnectionName name(number);
    const std::string digits = std::to_string(number);
    CHECK(name.digits() == digits);
    CHECK(name.size() == digits.size() + 1);
    std::string out(ConnectionName::capacity, '?');
    const char* const end = name.write_to(out.data());
    CHECK(out.substr(0, static_cast<std::size_t>(end - out.data())) == digits + " ");

    for (const std::string behind : {"", "\n", "text\n", "a longer text\n"}) {
      CAPTURE(behind);
      CHECK(name.begins(digits + " " + behind));
      CHECK_FALSE(name.begins(digits + behind));
      CHECK_FALSE(name.begins(digits + "0 " + behind));
      CHECK_FALSE(name.begins(digits + "+ " + behind));
      CHECK_FALSE(name.begins("0" + digits + " " + behind));
      CHECK_FALSE(name.begins(" " + behind));
    }
    CHECK_FALSE(name.begins(""));
  }
}

// Known commands: which of them go on.
#include "control/known_commands.hpp"

#include <doctest/doctest.h>

using reactord::control::goes_on;

TEST_CASE("events and trace go on, wherever --json stands") {
  for (const char* request : {"events\n", "events", " \t events warn\n", "--json events\n",
                              "trace 7 20 --json\n", "--json --json trace 7\n"}) {
    CAPTURE(request);
    CHECK(goes_on(request));
  }
  for (const char* request :
       {"", "\n", "stats\n", "--json\n", "event\n", "eventsx\n", "kill events\n", "connections\n"}) {
    CAPTURE(request);
    CHECK_FALSE(goes_on(request));
  }
}

// What an operator may write for the place of the metrics.
#include "daemon/metrics_option.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace reactord;

namespace {

std::string mistake(std::string_view text) {
  const auto place = parse_metrics(text);
  return place ? "none" : place.error();
}

}  // namespace

TEST_CASE("metrics are at an address, at a path, or nowhere") {
  CHECK_FALSE(parse_metrics("none")->is_on());
  for (const std::string text :
       {"127.0.0.1:9464", "[::1]:9464", ":9464", "127.0.0.1:0", "unix:/run/m.sock"}) {
    CAPTURE(text);
    const auto place = parse_metrics(text);
    REQUIRE(place.has_value());
    CHECK(place->address == text);
    CHECK(place->is_on());
  }
  const auto file = parse_metrics("unix:/run/m.sock mode=0660 group=0");
  REQUIRE(file.has_value());
  CHECK(file->address == "unix:/run/m.sock");
  CHECK(file->file.mode == 0660U);
  CHECK(file->file.group == 0U);
}

TEST_CASE("what is no place is told with what would be right") {
  for (const std::string text :
       {"", "9464", "localhost:9464", "127.0.0.1", "127.0.0.1:99999", "/run/m.sock", "unix:", "off",
        "127.0.0.1:9464 mode=0660", "127.0.0.1:9464 ", "unix:/a\nb"}) {
    CAPTURE(text);
    const std::string said = mistake(text);
    CHECK(said.starts_with(text + ": "));
  }
  CHECK(mistake("9464").ends_with(
      "write 127.0.0.1:9464, [::1]:9464, unix:/path, or none for no metrics over HTTP"));
}

TEST_CASE("the file of the metrics is an absolute path, or none") {
  CHECK(parse_metrics_file("none")->empty());
  CHECK(*parse_metrics_file("/var/lib/a b.prom") == "/var/lib/a b.prom");
  for (const std::string text : {"", "reactord.prom", "./a", "/var/lib/", "/a\nb"}) {
    CAPTURE(text);
    const auto path = parse_metrics_file(text);
    REQUIRE_FALSE(path.has_value());
    CHECK(path.error().starts_with(text + ": write an absolute path"));
  }
}

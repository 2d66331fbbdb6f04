// The table of settings: rows that go together with what they set.
#include "daemon/settings.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "reactord/server.hpp"
#include "support/reactord_program.hpp"

using reactord::Options;
using reactord::Setting;
using test::reactord_program;

namespace {

bool equal(const Options& left, const Options& right) {
  return left.drain_timeout == right.drain_timeout && left.limits == right.limits &&
         left.reuse_port == right.reuse_port && left.log_level == right.log_level &&
         left.probe_level == right.probe_level && left.access_log == right.access_log &&
         left.log_rate == right.log_rate && left.help == right.help && left.version == right.version;
}

std::string contents_of(const char* path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("what the table says holds without a setting is what holds without it") {
  for (const Setting& setting : reactord_program().settings()) {
    CAPTURE(setting.name);
    if (!setting.is_key() || setting.name == "program") continue;  // there is none without it
    REQUIRE_FALSE(setting.standard.empty());
    Options options(reactord_program());
    const auto applied = setting.apply(setting.standard, options);
    REQUIRE(applied.has_value());
    CHECK(equal(options, Options(reactord_program())));
  }
}

TEST_CASE("every setting that takes a value refuses nonsense, beginning with it") {
  for (const Setting& setting : reactord_program().settings()) {
    CAPTURE(setting.name);
    if (!setting.is_key()) continue;
    Options options(reactord_program());
    for (const std::string wrong : {"", "no such value", "-1", "0x10"}) {
      CAPTURE(wrong);
      if (setting.name == "program" && wrong == "no such value") continue;  // it names the program no
      const auto applied = setting.apply(wrong, options);
      REQUIRE_FALSE(applied.has_value());
      CHECK(applied.error().starts_with(wrong + ": "));
    }
    CHECK(equal(options, Options(reactord_program())));
  }
}

TEST_CASE("a setting is found by its name, and every name is one setting's") {
  std::set<std::string> names;
  for (const Setting& setting : reactord_program().settings()) {
    CHECK(reactord_program().find_setting(setting.name) == &setting);
    CHECK(names.insert(std::string(setting.name)).second);
  }
  CHECK(reactord_program().find_setting("idle") == nullptr);
  CHECK(reactord_program().find_setting("") == nullptr);
}

TEST_CASE("docs/operations.md tells of every limit with its default, and the README of every cause") {
  const std::string page = contents_of("docs/operations.md"), readme = contents_of("README.md");
  for (const Setting& setting : reactord_program().settings()) {
    CAPTURE(setting.name);
    if (!setting.is_key() || setting.name == "listen") continue;
    CHECK(page.find("`--" + std::string(setting.name)) != std::string::npos);
  }
  // Its tables have the default where the number alone says it.
  std::size_t compared = 0;
  for (const Setting& setting : reactord_program().settings()) {
    CAPTURE(setting.name);
    const std::string row = "\n| `--" + std::string(setting.name) + "` | ";
    const std::size_t at = page.find(row);
    if (at == std::string::npos) continue;
    const std::size_t begin = at + row.size();
    const std::string standard = page.substr(begin, page.find(" |", begin) - begin);
    if (standard.find(' ') != std::string::npos) continue;
    CHECK(standard == setting.standard);
    ++compared;
  }
  CHECK(compared >= 8);
  for (std::size_t index = 0; index < reactord::end_causes; ++index) {
    const std::string cause = to_string(static_cast<reactord::EndCause>(index));
    CAPTURE(cause);
    CHECK(readme.find("\n| `" + cause + "` | ") != std::string::npos);
    CHECK(page.find(" " + cause + "=") != std::string::npos);
  }
}

// A program of the user's own: what it may be, and its settings among those of every daemon.
#include "daemon/program.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "daemon/configuration.hpp"
#include "daemon/options.hpp"
#include "reactord/version.hpp"

using reactord::Configuration;
using reactord::DaemonProgram;
using reactord::DaemonSetting;
using reactord::Options;
using reactord::Parsed;
using reactord::Program;

namespace {

struct Silent final : reactord::LineHandler {
  void on_line(std::string_view, reactord::Reply&) override {}
};
Silent silent;

DaemonProgram described() {
  return {
      .name = "kvd", .version = "1.0", .protocols = {{"kv", "stores values", silent}}, .listen = "kv@:7000"};
}

std::string mistake(DaemonProgram program) { return Program(std::move(program)).mistake(); }

Parsed<int> parse_whole_number(std::string_view text) { return std::stoi(std::string(text)); }

}  // namespace

TEST_CASE("a program that breaks a rule is told which") {
  CHECK(mistake(described()).empty());

  DaemonProgram nameless = described();
  nameless.name = "";
  CHECK(mistake(nameless) == "the program needs a name of letters, digits, - and _");

  DaemonProgram idle = described();
  idle.protocols.clear();
  CHECK(mistake(idle) == "the program needs at least one protocol");

  DaemonProgram twice = described();
  twice.protocols.push_back({"kv", "again", silent});
  CHECK(mistake(twice).starts_with("the protocol \"kv\" needs a name"));

  DaemonProgram nowhere = described();
  nowhere.listen = "";
  CHECK(mistake(nowhere) == "the program needs a default of listen: write PROTOCOL@ADDRESS, as in kv@:9090");

  DaemonProgram unknown = described();
  unknown.listen = "vk@:7000";
  CHECK(mistake(unknown) == "the default of listen: vk@:7000: unknown protocol \"vk\", did you mean kv?");
}

TEST_CASE("a setting that breaks a rule is told, too") {
  int number = 0;
  const auto with = [&number](std::string name, std::string placeholder, std::string standard) {
    DaemonProgram program = described();
    program.settings.push_back({std::move(name), std::move(placeholder), std::move(standard), "a number",
                                parse_whole_number, number});
    return mistake(std::move(program));
  };
  CHECK(with("depth", "NUMBER", "7").empty());
  CHECK(with("listen", "NUMBER", "7").starts_with("the setting \"listen\" needs a name"));
  CHECK(with("Depth", "NUMBER", "7").starts_with("the setting \"Depth\" needs a name"));
  CHECK(with("depth", "", "7") == "the setting depth needs a default and a placeholder");
  CHECK(with("depth", "NUMBER", "seven") == "the default of the setting depth: seven: stoi");
  CHECK(number == 0);
}

TEST_CASE("the version is one, in numbers and as a text") {
  CHECK(std::to_string(REACTORD_VERSION_MAJOR) + '.' + std::to_string(REACTORD_VERSION_MINOR) + '.' +
            std::to_string(REACTORD_VERSION_PATCH) ==
        REACTORD_VERSION);
}

TEST_CASE("the default port stands in examples, where there is one") {
  const auto port = [](std::string listen) {
    DaemonProgram program = described();
    program.listen = std::move(listen);
    return std::string(Program(std::move(program)).example_port());
  };
  CHECK(port("kv@:7000") == "7000");
  CHECK(port("kv@[::1]:81") == "81");
  CHECK(port("kv@127.0.0.1:0") == "9090");
  CHECK(port("kv@unix:/run/kv") == "9090");
}

TEST_CASE("a handler, a function and a function object serve a protocol") {
  struct Give {
    reactord::AnyHandler operator()() const { return silent; }
  };
  reactord::AnyHandler (*const function)() = [] { return reactord::AnyHandler(silent); };
  reactord::LineConnectionFactory factory([] { return std::unique_ptr<reactord::LineConnection>(); });
  CHECK(reactord::ProtocolHandler(silent)().lines() == &silent);
  CHECK(reactord::ProtocolHandler(Give{})().lines() == &silent);
  CHECK(reactord::ProtocolHandler(function)().lines() == &silent);
  CHECK(reactord::ProtocolHandler(factory)().connections() == &factory);
}

TEST_CASE("own settings are read from a file, and in force when they are put in force") {
  int depth = 0;
  bool is_eager = false;
  DaemonProgram description = described();
  description.settings.push_back({"depth", "NUMBER", "7", "search so deep", parse_whole_number, depth});
  description.settings.push_back(
      {"eager", "YES-OR-NO", "no", "search before it is asked", reactord::parse_yes_or_no, is_eager});
  const Program program(std::move(description));
  REQUIRE(program.mistake().empty());

  Configuration configuration(program);
  configuration.read("depth = 9\neager = yes\n", "f");
  CHECK(configuration.take_mistakes().empty());
  CHECK(depth == 0);  // nothing is in force yet
  reactord::put_own_in_force(configuration.options());
  CHECK(depth == 9);
  CHECK(is_eager);

  reactord::put_own_in_force(Options(program));  // a file without them
  CHECK(depth == 7);
  CHECK_FALSE(is_eager);

  Configuration wrong(program);
  wrong.read("depth = deep\neager = perhaps\ndeph = 1\n", "f");
  CHECK(wrong.take_mistakes() == std::vector<std::string>{"f:1: depth = deep: stoi",
                                                          "f:2: eager = perhaps: write yes or no",
                                                          "f:3: deph = 1: unknown key, did you mean depth?"});
  CHECK(depth == 7);

  const std::string help = help_text(program);
  const std::size_t own = help.find("\nSettings of kvd:\n"), run = help.find("\nHow it is run");
  CHECK(own < run);
  CHECK(help.find("search so deep [7]\n", own) < run);
  CHECK(help.find("line@") == std::string::npos);
  CHECK(help.find("reactord") == std::string::npos);
}

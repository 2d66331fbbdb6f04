// The setting program: programs in files and on the command line, and the listeners that are for them.
#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "daemon/settings_in_force.hpp"
#include "daemon/wanted_listeners.hpp"
#include "support/process.hpp"
#include "support/reactord_program.hpp"

using reactord::Configuration;
using reactord::Options;
using reactord::SettingsInForce;
using Lines = std::vector<std::string>;

namespace {

Lines mistakes_of(std::string_view text) {
  Configuration configuration(test::reactord_program());
  configuration.read(text, "f");
  configuration.check_protocols();
  return configuration.take_mistakes();
}

struct Outcome {
  Lines mistakes;
  int status = 0;
  std::string text;  // of --check
};

Outcome outcome_of(std::vector<std::string> words, const std::string& file = "") {
  const test::TemporaryDirectory directory;
  if (!file.empty()) {
    std::ofstream(directory.path("f")) << file;
    words.insert(words.begin(), {"-c", directory.path("f")});
  }
  words.insert(words.begin(), "reactord");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto line = reactord::parse_command_line(test::reactord_program(), static_cast<int>(words.size()),
                                                 arguments.data());
  if (!line) return {{line.error()}, reactord::exit_usage, ""};
  const auto settings = SettingsInForce::read(*line);
  Outcome outcome;
  if (settings) {
    outcome.text = settings->text(settings->options().limits.max_buffers);
  } else {
    outcome.mistakes = settings.error().lines;
    outcome.status = settings.error().status;
  }
  const auto shorten = [&](std::string& text) {
    for (std::size_t at = text.find(directory.path("f")); at != text.npos;
         at = text.find(directory.path("f")))
      text.replace(at, directory.path("f").size(), "f");
  };
  shorten(outcome.text);
  for (std::string& mistake : outcome.mistakes) shorten(mistake);
  return outcome;
}

}  // namespace

TEST_CASE("a listener may be for a program that is named behind it, or that has a mistake of its own") {
  CHECK(mistakes_of("listen = upper@:1\nprogram = upper cat\n").empty());
  CHECK(mistakes_of("listen = upper@:1\nprogram = upper worker=1 cat\n").size() == 1);
  CHECK(mistakes_of("listen = uper@:1\nprogram = upper cat\n") ==
        Lines{"f:1: listen = uper@:1: unknown protocol \"uper\", did you mean upper? Or name a program: "
              "program = "
              "uper COMMAND"});
  CHECK(mistakes_of("listen = x y@:1\n").front().ends_with("or name a program: program = NAME COMMAND"));
}

TEST_CASE("two programs of one name in files are a mistake that names both places") {
  Configuration configuration(test::reactord_program());
  configuration.read("program = a cat\nprogram = upper cat\n", "f");
  configuration.read("program = upper tac\n", "g");
  CHECK(configuration.take_mistakes() ==
        Lines{"g:1: program = upper tac: there is a program of that name already, at f:2"});
  REQUIRE(configuration.options().programs.size() == 2);
  CHECK(configuration.options().programs[1].command == Lines{"cat"});
  CHECK(mistakes_of("program = line cat") ==
        Lines{"f:1: program = line cat: \"line\" is the name of a built-in protocol: give it another one"});
  CHECK(mistakes_of("program =") ==
        Lines{"f:1: program =: missing value, as in program = upper /usr/bin/python3 /srv/upper.py"});
}

TEST_CASE("a program of the command line takes the place of that of the same name in the files") {
  const Outcome outcome =
      outcome_of({"--program", "upper /bin/cat -u", "--listen", "upper@:1"},
                 "program = a /bin/cat\nprogram = upper /bin/true\nprogram = z /bin/cat\n");
  REQUIRE(outcome.mistakes == Lines{});
  CHECK(outcome.text.find("\nprogram = a /bin/cat  # f:1; it is not started: there is no listen = a@ADDRESS\n"
                          "program = z /bin/cat  # f:3; it is not started: there is no listen = z@ADDRESS\n"
                          "program = upper /bin/cat -u  # command line\n") != std::string::npos);
  CHECK(outcome_of({"--program", "x /bin/cat", "--program", "x /bin/cat"}).mistakes ==
        Lines{"--program x /bin/cat: there is a program x already: give this one another name"});
}

TEST_CASE("a listener of a file may be for a program of the command line, and the other way round") {
  CHECK(outcome_of({"--program", "upper /bin/cat"}, "listen = upper@:1\n").mistakes == Lines{});
  CHECK(outcome_of({"--listen", "upper@:1"}, "program = upper /bin/cat\n").mistakes == Lines{});
  const Outcome outcome = outcome_of({"--listen", "uper@:1"}, "program = upper /bin/cat\n");
  CHECK(outcome.mistakes ==
        Lines{"--listen uper@:1: unknown protocol \"uper\", did you mean upper? Or name a "
              "program: program = uper COMMAND"});
  CHECK(outcome.status == reactord::exit_usage);
}

TEST_CASE("a program that can't be started is told with its place, before it is tried") {
  const Outcome of_file = outcome_of({}, "\nprogram = x /no/such/program  # here\n");
  CHECK(of_file.mistakes ==
        Lines{"f:2: program = x /no/such/program: exec /no/such/program: no such file or directory"});
  CHECK(of_file.status == reactord::exit_configuration);
  const Outcome of_line = outcome_of({"--program", "x /no/such/program"}, "program = y /bin/cat\n");
  CHECK(of_line.mistakes ==
        Lines{"--program x /no/such/program: exec /no/such/program: no such file or directory"});
  CHECK(of_line.status == reactord::exit_usage);
  CHECK(outcome_of({"--program", "x directory=/no/such /bin/cat"}).mistakes ==
        Lines{"--program x directory=/no/such /bin/cat: chdir /no/such: no such file or directory"});
  CHECK(outcome_of({"--program", "x PATH=/no/such cat"}).mistakes ==
        Lines{"--program x PATH=/no/such cat: exec cat: no program of this name in PATH (/no/such)"});
}

TEST_CASE("inetd serves the protocols that are built in, and no program") {
  CHECK(outcome_of({"--inetd", "lien"}).mistakes ==
        Lines{"--inetd lien: unknown protocol \"lien\", did you mean line?"});
  const Outcome outcome = outcome_of({"--inetd", "upper"}, "program = upper /bin/cat\n");
  CHECK(outcome.mistakes ==
        Lines{"--inetd upper: is a program, and inetd serves the built-in protocols only: "
              "line, echo; let inetd start the program itself"});
}

TEST_CASE("a passed socket is served by the program that it is named after") {
  Options options(test::reactord_program());
  reactord::ProgramSettings program;
  program.name = "upper";
  program.command = {"cat"};
  CHECK(options.programs.add(program));
  program.name = "other";
  CHECK(options.programs.add(program));
  const auto wanted = reactord::wanted_listeners(options, {"upper", "echo", "unknown"});
  REQUIRE(wanted.size() == 2);
  CHECK(wanted[0].text() == "upper@systemd:upper");
  CHECK(wanted[1].text() == "echo@systemd:echo");
  const auto programs = reactord::wanted_programs(options, wanted);
  REQUIRE(programs.size() == 1);
  CHECK(programs[0].name == "upper");
}

TEST_CASE("a program leaves its list, and the others stay in their order") {
  reactord::ProgramList list;
  for (const char* name : {"a", "b", "c"}) {
    reactord::ProgramSettings program;
    program.name = name;
    CHECK(list.add(program));
    CHECK_FALSE(list.add(program));
  }
  list.add_mistaken("d");
  CHECK(list.is_named("d"));
  CHECK(list.find("d") == nullptr);
  CHECK(list.remove("d") == 3);
  CHECK(list.remove("a") == 0);
  REQUIRE(list.find("c") != nullptr);
  CHECK(list.find("c")->name == "c");
  CHECK(list.find("a") == nullptr);
  CHECK(list.remove("c") == 1);
  CHECK(list.size() == 1);
}

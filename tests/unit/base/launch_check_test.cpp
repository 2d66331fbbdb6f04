// A program that can't be started is refused in words that say why, by a check before it and by the start itself.
#include "base/launch_check.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "conformance/running.hpp"
#include "support/launched.hpp"

using reactord::check_launch;
using reactord::Launch;
using test::launch_of;

namespace {

struct Place : test::TemporaryDirectory {
  // Result: the path of a file of that content.
  std::string file(std::string_view name, std::string_view text, mode_t mode = 0755) const {
    const std::string at = path(name);
    test::write_file(at, text);
    REQUIRE(::chmod(at.c_str(), mode) == 0);
    return at;
  }
};

std::string error_of(const reactord::Result<void>& checked) {
  return checked.has_value() ? "none" : checked.error().text();
}

std::string start_error_of(const Launch& launch) {
  const auto launched = reactord::launch(launch);
  if (!launched) return launched.error().text();
  test::end_of(*launched);
  return "none";
}

// The check finds it, and so does the start, in the same words.
void check_both(const Launch& launch, const std::string& expected) {
  CHECK(error_of(check_launch(launch)) == expected);
  CHECK(start_error_of(launch) == expected);
}

}  // namespace

TEST_CASE("what can be started is not refused") {
  const Place place;
  check_both(launch_of({"/bin/true"}), "none");
  check_both(launch_of({"true"}), "none");
  check_both(launch_of({place.file("script", "#! /bin/sh -e\n:\n")}), "none");
  check_both(launch_of({place.file("by-env", "#!/usr/bin/env sh\n:\n")}), "none");
  check_both(launch_of({place.file("no-end", "#!/bin/true")}), "none");
}

TEST_CASE("a program that is missing, or no file to execute, is refused") {
  const Place place;
  const std::string missing = place.path("missing");
  check_both(launch_of({missing}), "exec " + missing + ": no such file or directory");
  check_both(launch_of({"/bin/true/x"}), "exec /bin/true/x: not a directory");
  check_both(launch_of({"/tmp"}), "exec /tmp: it is a directory");
  check_both(launch_of({"/dev/null"}), "exec /dev/null: it is not a regular file");
  const std::string plain = place.file("plain", "#!/bin/sh\n", 0644);
  check_both(launch_of({plain}), "exec " + plain + ": it is not executable: chmod +x " + plain);
  check_both(launch_of({}), "exec: the command is empty: write a program, and its arguments");
  check_both(launch_of({""}), "exec: the command is empty: write a program, and its arguments");
}

TEST_CASE("a file that the kernel can't execute is refused with what it lacks") {
  const Place place;
  const auto refused = [&](std::string_view name, std::string_view text, const std::string& why) {
    const std::string file = place.file(name, text);
    check_both(launch_of({file}), "exec " + file + ": " + why);
  };
  const std::string no_format = "not an executable format: it needs a first line such as #!/bin/sh";
  refused("text", "echo hello\n", no_format);
  refused("empty", "", no_format);
  refused("typo", "#!/usr/bin/pyhton3 -u\nprint()\n",
          "its interpreter /usr/bin/pyhton3 of the first line is not there");
  refused("folder", "#!/tmp\n", "its interpreter /tmp of the first line is no executable file");
  refused("windows", "#!/bin/sh\r\necho\r\n",
          "its first line ends in a carriage return, as on Windows: save it with line feeds alone");
  refused("nothing", "#!  \n:\n", "its first line names no interpreter: write one such as #!/bin/sh");
}

TEST_CASE("a program of another machine, or without its loader, is refused by the start") {
  const Place place;
  const std::string foreign = place.file("foreign", std::string("\x7f"
                                                                "ELF\x02\x01\x01\0",
                                                                8));
  CHECK(start_error_of(launch_of({foreign})) ==
        "exec " + foreign + ": not an executable format for this machine");
}

TEST_CASE("an interpreter that env(1) would look for in vain is refused by the check") {
  const Place place;
  const std::string script = place.file("script", "#!/usr/bin/env -S pyhton3 -u\n");
  CHECK(error_of(check_launch(launch_of({script}))) ==
        "exec " + script +
            ": its interpreter pyhton3, for which its first line has /usr/bin/env look, is not in PATH "
            "(/usr/local/bin:/usr/bin:/bin)");
}

TEST_CASE("a name is looked up in the PATH of its environment") {
  const Place place;
  place.file("upper", "#!/bin/sh\necho found\n");
  Launch launch = launch_of({"upper"});
  launch.environment = {"PATH=/nowhere:" + place.path("")};
  CHECK(test::run_program(launch).output == "found\n");
  check_both(launch, "none");

  launch.environment = {"PATH=/nowhere:/bin"};
  check_both(launch, "exec upper: no program of this name in PATH (/nowhere:/bin)");
  launch.environment = {};
  check_both(launch, "exec upper: no program of this name in PATH (/usr/local/bin:/usr/bin:/bin)");

  launch.directory = place.path("");
  launch.environment = {"PATH=:/bin"};  // the directory itself
  CHECK(test::run_program(launch).output == "found\n");
  launch.environment = {"PATH=."};
  check_both(launch, "none");
}

TEST_CASE("a directory that can't be entered is refused") {
  const Place place;
  Launch launch = launch_of({"/bin/true"});
  launch.directory = place.path("missing");
  check_both(launch, "chdir " + launch.directory + ": no such file or directory");
  launch.directory = place.file("file", "");
  check_both(launch, "chdir " + launch.directory + ": not a directory");
}

TEST_CASE("a path that is relative is named with the directory that it is relative to") {
  const Place place;
  Launch launch = launch_of({"bin/x"});
  launch.directory = place.path("");
  check_both(launch, "exec " + launch.directory + "/bin/x: no such file or directory");
}

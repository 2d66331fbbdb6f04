// Configuration files and the real program: what is wrong is told, each mistake in one line, with exit status 78; and
// --check prints what is in force, as a configuration that comes to the same.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/process.hpp"

using test::Daemon;
using test::Process;
using test::TemporaryDirectory;

namespace {

constexpr int usage_error = 64, configuration_error = 78;

struct Ended {
  int status;
  std::string output, errors;
};

Ended run(const std::vector<std::string>& arguments, unsigned descriptor_limit = 0,
          const test::Launch& launch = {}) {
  Process process(arguments, descriptor_limit, launch);
  const int status = process.wait();
  return {status, process.output(), process.errors()};
}

void write(const std::string& file, const std::string& text) { test::write_file(file, text); }

Ended check(const std::string& file) { return run({"-c", file, "--check"}); }

struct Broken {
  std::string text;     // of the file
  const char* mistake;  // behind "FILE"
};

std::string nul(std::string text) {
  std::ranges::replace(text, '~', '\0');
  return text;
}

const Broken broken_files[] = {
    {"idle-timout = 30", ":1: idle-timout = 30: unknown key, did you mean idle-timeout?"},
    {"\n\n# x\nidel-timeout=1s", ":4: idel-timeout = 1s: unknown key, did you mean idle-timeout?"},
    {"idle_timeout = 30s", ":1: idle_timeout = 30s: unknown key, did you mean idle-timeout?"},
    {"Idle-Timeout = 30s", ":1: Idle-Timeout = 30s: unknown key, did you mean idle-timeout?"},
    {"--idle-timeout = 30s", ":1: --idle-timeout = 30s: unknown key, did you mean idle-timeout?"},
    {"max-connection = 3", "did you mean max-connections?"},
    {"port = 9090", ":1: port = 9090: unknown key, known: listen"},
    {"= 30s", ":1:  = 30s: unknown key, known: listen"},
    {"help = yes", ":1: help = yes: an option of the command line, not a key"},
    {"check = yes", ":1: check = yes: an option of the command line, not a key"},
    {"config = other.conf", "an option of the command line, not a key"},
    {"inetd = line", "an option of the command line, not a key"},
    {"idle-timeout", ":1: idle-timeout: missing \"=\": write idle-timeout = 60s"},
    {"idle-timeout 30s", ":1: idle-timeout 30s: missing \"=\": write idle-timeout = 30s"},
    {"idle-timeout: 30s", "missing \"=\": write name = value"},
    {"hello", ":1: hello: missing \"=\": write name = value"},
    {"[limits]", ":1: [limits]: there are no sections: write name = value"},
    {"idle-timeout =", ":1: idle-timeout =: missing value, as in idle-timeout = 60s"},
    {"idle-timeout = # none", ":1: idle-timeout =: missing value, as in idle-timeout = 60s"},
    {"idle-timeout = \"\"", "missing value, as in idle-timeout = 60s"},
    {"listen =", "missing value, as in listen = line@:9090"},
    {"idle-timeout = 30 seconds",
     ":1: idle-timeout = 30 seconds: write a number and a unit, as in 500ms, 30s"},
    {"idle-timeout = 30", ":1: idle-timeout = 30: write a number and a unit"},
    {"idle-timeout = 30S", ":1: idle-timeout = 30S: write a number and a unit"},
    {"idle-timeout = 1d", "write a number and a unit"},
    {"idle-timeout = 1.5", "write a number and a unit"},
    {"idle-timeout = 0.5ms", "too short, at least 1ms, or 0"},
    {"idle-timeout = -1s", ":1: idle-timeout = -1s: must not be negative"},
    {"idle-timeout = 99999999999999999999s", "too long, at most ten years (87600h)"},
    {"idle-timeout = 87601h", "too long, at most ten years (87600h)"},
    {"drain-timeout = 0", ":1: drain-timeout = 0: must be at least 1ms"},
    {"max-line = 64kB", ":1: max-line = 64kB: write 64KiB (1KiB is 1024 bytes)"},
    {"max-line = 1", ":1: max-line = 1: must be from 2 bytes to 64MiB"},
    {"max-line = 1GiB", "must be from 2 bytes to 64MiB"},
    {"max-line = 30s", "write a number of bytes, as in 4096, 64KiB, 1MiB"},
    {"max-buffers = 18446744073709551616", "too large, at most 1024GiB"},
    {"max-buffers = 1025GiB", "too large, at most 1024GiB"},
    {"max-connections = many", ":1: max-connections = many: write a number"},
    {"max-connections = 10,wait", "unknown \"wait\": after the comma write defer or reject"},
    {"max-connections = 4294967296", "too many, at most 1000000000"},
    {"accept-rate = 100", ":1: accept-rate = 100: write a number per second, as in 100/s"},
    {"accept-rate = 100/s,burst=0", "burst="},
    {"accept-rate = 100/m", "write a number per second"},
    {"ip6-prefix = 129", ":1: ip6-prefix = 129: write a number from 1 to 128"},
    {"lifetime-jitter = 10", "write a percentage from 0% to 90%"},
    {"long-lines = cut", ":1: long-lines = cut: unknown way \"cut\", known: close truncate discard"},
    {"log-level = verbose", "unknown level \"verbose\", known: error warn info debug"},
    {"log-level = inf", "did you mean info?"},
    {"log-rate = -1", "write a number from 0 to 1000000"},
    {"reuse-port = true", ":1: reuse-port = true: write yes or no"},
    {"listen = :9090", "missing \"@\": write PROTOCOL@ADDRESS, as in line@:9090"},
    {"listen = lime@:9090", "unknown protocol \"lime\", did you mean line?"},
    {"listen = line@localhost:9090", "write :9090, 127.0.0.1:9090"},
    {"listen = line@:99999", "invalid port"},
    {"listen = line@systemd:", "write systemd:NAME"},
    {"listen = line@systemd:a:b", "write systemd:NAME"},
    {"listen = line@unix:/a\tb", "must not hold a control character"},
    {"listen = line@:9090\nlisten = line@:9090", ":2: listen = line@:9090: the same place as line@:9090"},
    {"listen = line@:9090\nlisten = echo@[::]:9090",
     ":2: listen = echo@[::]:9090: the same place as line@:9090"},
    {"listen = line@unix:/a\nlisten = echo@unix:/a", "the same place as line@unix:/a"},
    {"listen = line@systemd:a\nlisten = echo@systemd:a", "the same place as line@systemd:a"},
    {"log-rate = 1\nlog-rate = 1", ":2: log-rate = 1: given already, at "},
    {"listen = \"line@:9090", "the quote does not end"},
    {"listen = \"line@:9090\" x", "the quotes must hold the whole value"},
    {"listen = \"line@unix:/a\\n\"", "in quotes, write \\\\ for a backslash"},
    {"log-rate = 1 # a\n~", ":2: holds a NUL byte: is this a text file?"},
    {"listen = line@unix:/a~b", ":1: holds a NUL byte"},
    {std::string(1024 * 1024, 'x'), ":1: a line of 1048576 bytes, at most 1024 may be"},
    {std::string(2 * 1024 * 1024, '\n'), ": longer than 1MiB: is this the right file?"},
    {"log-rate = " + std::string(1020, '1'), "at most 1024 may be"},
    {"output-low = 1MiB", ":1: output-low = 1MiB: must be at most output-high, which is 64KiB"},
    {"output-high = 2MiB",
     ":1: output-high = 2MiB: must be at most output-hard, which is 1MiB by default; set that too, or to 0: "
     "no limit"},
    {"output-high = 2048KiB\noutput-hard = 1024KiB",
     ":2: output-hard = 1024KiB: must be at least output-high, which is 2MiB; or 0: no limit"},
    {"log-rate = 1\noutput-high = 8KiB",
     ":2: output-high = 8KiB: must be at least output-low, which is 16KiB by default; set that too"},
    {"max-buffers = 32KiB",
     ":1: max-buffers = 32KiB: must be at least max-line, which is 64KiB; or 0: no limit"},
    {"max-connections = 999999999", ":1: max-connections = 999999999: needs 999999999 + 129 of its own"},
};

}  // namespace

TEST_CASE("each of many broken configurations is told in one line, with exit status 78") {
  const TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf");
  static_assert(std::size(broken_files) >= 60);
  for (const Broken& broken : broken_files) {
    write(file, nul(broken.text));
    const Ended ended = check(file);
    CAPTURE(broken.mistake);
    CAPTURE(ended.errors);
    CHECK(ended.status == configuration_error);
    CHECK(ended.output == "");
    CHECK(ended.errors.starts_with("reactord: " + file));
    CHECK(ended.errors.find(broken.mistake) != std::string::npos);
    CHECK(std::ranges::count(ended.errors, '\n') == 1);
  }
}

TEST_CASE("every mistake is told, in the order of files and lines, and the daemon does not start either") {
  const TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf"), more = directory.path("conf.d/more.conf");
  std::filesystem::create_directory(directory.path("conf.d"));
  write(file, "listen = line@127.0.0.1:0\nidle-timout = 30\nidle-timeout = 30 seconds\n");
  write(more, "\nlog-level = loud\n");
  const Ended ended = run({"--config", file});
  CHECK(ended.status == configuration_error);
  CHECK(ended.errors ==
        "reactord: " + file + ":2: idle-timout = 30: unknown key, did you mean idle-timeout?\n" +
            "reactord: " + file +
            ":3: idle-timeout = 30 seconds: write a number and a unit, as in 500ms, 30s, 2m, 1h\n" +
            "reactord: " + more +
            ":2: log-level = loud: unknown level \"loud\", known: error warn info debug\n");
}

TEST_CASE("of a thousand mistakes a hundred are told, and the others counted") {
  const TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf");
  std::string text;
  for (int line = 0; line < 1000; ++line) text += "x = 1\n";
  write(file, text);
  const Ended ended = check(file);
  CHECK(ended.status == configuration_error);
  CHECK(std::ranges::count(ended.errors, '\n') == 101);
  CHECK(ended.errors.ends_with("reactord: and 900 more mistakes\n"));
}

TEST_CASE("a file that is not there, is none, or can't be read is told") {
  const TemporaryDirectory directory;
  const std::string missing = directory.path("missing.conf"), pipe = directory.path("pipe");
  CHECK(check(missing).errors == "reactord: " + missing + ": no such file or directory\n");
  CHECK(check(missing).status == configuration_error);
  CHECK(run({"-c", missing}).status == configuration_error);
  CHECK(check("/tmp").errors.starts_with("reactord: /tmp: is a directory, not a file\n"));
  CHECK(check("/tmp").status == configuration_error);
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(check(pipe).errors == "reactord: " + pipe + ": is not a file\n");
  CHECK(check(directory.path("missing/x")).status == configuration_error);
  CHECK(run({"-c", ""}).status == usage_error);
  CHECK(run({"-c"}).status == usage_error);
  CHECK(check("/dev/null").status == 0);
}

TEST_CASE("a conf.d that is no folder, and what can't be read in it, is told") {
  const TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf"), folder = directory.path("conf.d");
  write(file, "log-rate = 1\n");
  write(folder, "");
  CHECK(check(file).errors == "reactord: " + folder + ": not a directory\n");
  std::filesystem::remove(folder);
  std::filesystem::create_directories(folder + "/b.conf");
  std::filesystem::create_symlink("nowhere", folder + "/a.conf");
  CHECK(check(file).errors == "reactord: " + folder + "/a.conf: no such file or directory\n" +
                                  "reactord: " + folder + "/b.conf: is a directory, not a file\n");
  CHECK(check(file).status == configuration_error);
}

TEST_CASE("files that only another user may read are told") {
  // Root may read everything, but for this.
  const test::Launch launch{.prelude = ::geteuid() != 0
                                           ? ""
                                           : "exec setpriv --bounding-set=-dac_override,-dac_read_search "
                                             "-- \"$0\" \"$@\"; "};
  const auto check_as_user = [&launch](const std::string& file) {
    return run({"-c", file, "--check"}, 0, launch);
  };
  const TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf");
  write(file, "log-rate = 1\n");
  std::filesystem::permissions(directory.path(""), std::filesystem::perms(0755));
  std::filesystem::permissions(file, std::filesystem::perms::none);
  CHECK(check_as_user(file).errors == "reactord: " + file + ": permission denied\n");
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  std::filesystem::create_directory(directory.path("conf.d"));
  std::filesystem::permissions(directory.path("conf.d"), std::filesystem::perms::none);
  CHECK(check_as_user(file).errors == "reactord: " + directory.path("conf.d") + ": permission denied\n");
  std::filesystem::permissions(directory.path("conf.d"), std::filesystem::perms(0755));
}

TEST_CASE("--check prints what is in force and where it is from, as a configuration that comes to the same") {
  const TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf");
  std::filesystem::create_directory(directory.path("conf.d"));
  write(file,
        "\xef\xbb\xbf# with a byte order mark\r\n"
        "listen = line@systemd:line\r\n"
        "listen = \"line@unix:/a # \\\"b\\\"\"  # and a comment\n"
        "  idle-timeout=30s#\n"
        "max-line = 1KiB\n");
  CHECK(check(file).errors.find(":4: idle-timeout = 30s#: write a number") != std::string::npos);
  write(file,
        "\xef\xbb\xbf# with a byte order mark\r\n"
        "listen = line@systemd:line\r\n"
        "listen = \"line@unix:/a # \\\"b\\\"\"  # and a comment\n"
        "  idle-timeout=30s\t# thirty\n"
        "max-line = 1KiB\n");
  write(directory.path("conf.d/20-b.conf"), "max-line = 3KiB\nlisten = echo@:7\n");
  write(directory.path("conf.d/10-a.conf"), "max-line = 2KiB\n");
  write(directory.path("conf.d/.hidden.conf"), "nonsense\n");
  write(directory.path("conf.d/readme.txt"), "nonsense\n");
  const Ended first = run({"-c", file, "--check", "--log-rate", "7"});
  CHECK(first.status == 0);
  CHECK(first.errors == "");
  const std::string folder = directory.path("conf.d/");
  const std::string expected =
      "# What is served\n"
      "listen = line@systemd:line  # " +
      file +
      ":2\n"
      "listen = \"line@unix:/a # \\\"b\\\"\"  # " +
      file +
      ":3\n"
      "listen = echo@:7  # " +
      folder +
      "20-b.conf:2\n"
      "# program = upper /usr/bin/python3 /srv/upper.py  # default: none, this is an example\n"
      "reuse-port = no  # default\n"
      "drain-timeout = 30s  # default\n"
      "control = none  # default\n"
      "metrics = none  # default\n"
      "metrics-file = none  # default\n"
      "\n# Clients that are too slow (0: no limit)\n"
      "idle-timeout = 30s  # " +
      file +
      ":4\n"
      "line-timeout = 10s  # default\n"
      "drain-line-timeout = 5s  # default\n"
      "write-timeout = 30s  # default\n"
      "lifetime = 0  # default\n"
      "lifetime-jitter = 10%  # default\n"
      "\n# Clients that take too much\n"
      "max-line = 3KiB  # " +
      folder +
      "20-b.conf:1\n"
      "long-lines = close  # default\n"
      "output-high = 64KiB  # default\n"
      "output-low = 16KiB  # default\n"
      "output-hard = 1MiB  # default\n"
      "max-buffers = 256MiB  # default\n"
      "\n# Too many clients (0: no limit)\n"
      "max-connections = 0,defer  # default\n"
      "max-connections-per-address = 0,reject  # default\n"
      "accept-rate = 0,defer  # default\n"
      "accept-rate-per-address = 0,reject  # default\n"
      "ip6-prefix = 64  # default\n"
      "\n# What is logged\n"
      "log-level = info  # default\n"
      "log-probes = info  # default\n"
      "access-log = all  # default\n"
      "log-rate = 7  # command line\n"
      "stall-threshold = 100ms  # default\n";
  CHECK(first.output == expected);

  const TemporaryDirectory other;
  write(other.path("again.conf"), first.output);
  const Ended again = check(other.path("again.conf"));
  CHECK(again.status == 0);
  const auto without_origins = [](std::string text) {
    for (std::size_t at; (at = text.find("  # ")) != std::string::npos;)
      text.erase(at, text.find('\n', at) - at);
    return text;
  };
  CHECK(without_origins(again.output) == without_origins(first.output));
}

TEST_CASE(
    "--check without a file looks at the command line, and the command line's listeners replace the file's") {
  CHECK(run({"--check"})
            .output.starts_with(
                "# What is served\n# listen = line@:9090  # default, where systemd passes no sockets\n"));
  CHECK(run({"--check", "--output-low", "1MiB"}).status == usage_error);
  const TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf");
  write(file, "listen = line@:1\nlisten = line@:2\nlog-rate = 5\n");
  const Ended ended = run({"-c", file, "--check", "--listen", "echo@:1", "--log-rate=6", "--log-rate=8"});
  CHECK(ended.output.starts_with("# What is served\nlisten = echo@:1  # command line\n# program = "));
  CHECK(ended.output.find("log-rate = 8  # command line\n") != std::string::npos);
}

TEST_CASE("--check does the sum of the descriptors, and blames whoever asked") {
  const TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf");
  write(file, "listen = line@:1\nlisten = line@:2\nmax-connections = 100,reject\n");
  const Ended ended = run({"-c", file, "--check"}, 200);
  CHECK(ended.status == configuration_error);
  CHECK(ended.errors == "reactord: " + file +
                            ":3: max-connections = 100: needs 100 + 130 of its own = 230 descriptors, the "
                            "limit is 200: at most 70 "
                            "fit; or raise it (ulimit -n, LimitNOFILE= of a unit)\n");
  CHECK(run({"-c", file, "--check", "--max-connections", "100"}, 200).status == usage_error);
  CHECK(run({"-c", file, "--check", "--max-connections", "70"}, 200).status == 0);
}

TEST_CASE("the example configuration is right, and with every line in force it changes nothing") {
  std::ifstream example("docs/reactord.conf.example");
  REQUIRE(example.good());
  std::string text;
  for (std::string line; std::getline(example, line);) {
    text += line.starts_with('#') && line.find(" = ") != std::string::npos && !line.starts_with("# ")
                ? line.substr(1) + '\n'
                : line + '\n';
  }
  const TemporaryDirectory directory;
  write(directory.path("reactord.conf"), text);
  const Ended ended = check(directory.path("reactord.conf"));
  CHECK(ended.errors == "");
  CHECK(ended.status == 0);
  CHECK(ended.output.find("default") == std::string::npos);
}

TEST_CASE("the configuration is what is served") {
  const TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf");
  write(file, "listen = line@unix:" + directory.path("s") + "\nmax-line = 16\n");
  Process daemon({"-c", file});
  daemon.wait_for_log({"event=listening", "address=unix:" + directory.path("s")});
  test::Client client(directory.path("s"));
  CHECK(client.ask("hello") == "Server: hello");
  client.send("much longer than sixteen bytes\n");
  CHECK(client.read_to_end() == "ERR line too long (max 16)\n");
  CHECK(daemon.stop() == 0);
}

TEST_CASE(
    "the file of an instance takes the place of the listeners of all, and one that can't be read is a "
    "mistake") {
  const TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf"), own = directory.path("instances/a.conf");
  write(file, "listen = line@:7001\nmax-line = 1KiB\n");
  std::filesystem::create_directory(directory.path("instances"));
  CHECK(run({"-c", file, "--instance", "a", "--check"}).output.find("listen = line@:7001") !=
        std::string::npos);
  write(own, "max-line = 2KiB\n");
  const std::string shared = run({"-c", file, "--instance", "a", "--check"}).output;
  CHECK(shared.find("listen = line@:7001") != std::string::npos);
  CHECK(shared.find("max-line = 2KiB  # " + own + ":1") != std::string::npos);
  write(own, "listen = echo@systemd:line\nlisten = line@systemd:other\n");
  const std::string replaced = run({"-c", file, "--instance", "a", "--check"}).output;
  CHECK(replaced.find("listen = line@:7001") == std::string::npos);
  CHECK(replaced.find("listen = echo@systemd:line  # " + own + ":1\nlisten = line@systemd:other") !=
        std::string::npos);
  std::filesystem::remove(own);
  std::filesystem::create_symlink("nowhere", own);
  const Ended broken = run({"-c", file, "--instance", "a", "--check"});
  CHECK(broken.status == 78);
  CHECK(broken.errors == "reactord: " + own + ": no such file or directory\n");
  CHECK(run({"-c", file, "--instance", "../a", "--check"}).status == 64);
  CHECK(run({"-c", file, "--check", "--quiet"}).output.empty());
}

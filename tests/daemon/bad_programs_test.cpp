// Programs that can't run, and programs that end at once: one clear line of each, of the real daemon.
#include <doctest/doctest.h>

#include <filesystem>

#include "support/configured.hpp"

using test::Client;
using test::Configured;
using test::Process;
using test::TemporaryDirectory;
using namespace std::chrono_literals;

namespace {

struct Bad {
  const char* file;  // below the folder
  const char* text;  // of the file; null: there is none
  bool is_executable;
  const char* mistake;  // FILE stands for its path
};

constexpr Bad all_bad[] = {
    {"missing", nullptr, false, "exec FILE: no such file or directory"},
    {"unreadable", "#!/bin/sh\n", false, "exec FILE: it is not executable: chmod +x FILE"},
    {"interpreter", "#!/no/such/python3\n", true,
     "exec FILE: its interpreter /no/such/python3 of the first line is not there"},
    {"windows", "#!/bin/sh\r\n", true, nullptr},
    {"format", "print('x')\n", true,
     "exec FILE: not an executable format: it needs a first line such as #!/bin/sh"},
};

}  // namespace

TEST_CASE(
    "a program that can't run is refused by --check and by the start, each with one line and its place") {
  const TemporaryDirectory directory;
  for (const Bad& bad : all_bad) {
    const std::string path = directory.path(bad.file), file = directory.path("reactord.conf");
    CAPTURE(path);
    if (bad.text != nullptr) test::write_file(path, bad.text);
    if (bad.is_executable) std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    for (const char* mode : {"worker", "connection"}) {
      const std::string program = std::string("x mode=") + mode + ' ' + path;
      test::write_file(file, "program = " + program + "\nlisten = x@127.0.0.1:0\n");
      for (const char* argument : {"--check", "--reuse-port=no"}) {
        Process refused({"-c", file, argument});
        CHECK(refused.wait() == 78);
        const std::string said = refused.errors();
        CHECK(said.find('\n') == said.size() - 1);
        const std::string place = "reactord: " + file + ":1: program = " + program + ": ";
        CHECK(said.substr(0, place.size()) == place);
        if (bad.mistake == nullptr) continue;
        std::string mistake = bad.mistake;
        for (std::size_t at; (at = mistake.find("FILE")) != std::string::npos;) mistake.replace(at, 4, path);
        CHECK(said.substr(place.size()) == mistake + '\n');
      }
    }
  }
}

TEST_CASE("a program that ends at once is started again, later and later, with one line of each end") {
  Configured configured("listen = x@unix:DIRs\nprogram = x /bin/sh -c 'exit 3'\n");
  Process& daemon = configured.process();
  for (const char* pause : {"0.100", "0.200", "0.400"})
    daemon.wait_for_log({"event=program-ended", "status=\"exit status 3\"", std::string("next-in=") + pause});
  CHECK(Client(configured.address("s")).ask("x") == "ERR worker ended");
  CHECK(daemon.stop() == 0);
}

TEST_CASE("a program that has gone since the start is told of, and served again once it is there") {
  const TemporaryDirectory directory;
  const std::string path = directory.path("program");
  const auto put = [&path] {
    test::write_file(path, "#!/bin/sh\nread -r line; echo \"$line\"; read -r line; echo \"$line\"\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  };
  put();
  Configured configured("listen = x@unix:DIRs\nprogram = x " + path + '\n');
  Process& daemon = configured.process();
  daemon.wait_for_log({"event=limits"});
  Client client(configured.address("s"));
  CHECK(client.ask("x") == "x");  // it has read its file
  std::filesystem::remove(path);
  CHECK(client.ask("y") == "y");
  daemon.wait_for_log({"event=program-ended", "next-in=0.100"});
  daemon.wait_for_log({"level=error event=program-not-started program=x worker=1",
                       "error=\"exec " + path + ": no such file or directory\" next-in=0.200"});
  put();
  CHECK(client.ask("z") == "z");
  CHECK(daemon.stop() == 0);
}

// Every way in which a run of reactord-load ends as a failure: its exit status, and its last line, "FAILED: why".
#include <doctest/doctest.h>

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <fstream>

#include "daemon/load_faults.hpp"
#include "support/wrong_server.hpp"

using namespace std::chrono_literals;
using test::answer;
using test::has;
using test::Load;
using test::Port;
using test::Served;
using test::Words;
using test::WrongServer;
using test::operator+;

namespace {

struct Ended {
  int status;
  std::string last_line;
};

Ended end_of(Load& load) {
  const std::string output = load.output(), errors = load.errors();
  const std::size_t begin = errors.size() < 2 ? errors.npos : errors.rfind('\n', errors.size() - 2);
  return {load.wait(), errors.substr(begin == errors.npos ? 0 : begin + 1)};
}

Ended run(const Words& words, const std::string& prelude = {}) {
  Load load(words, prelude);
  return end_of(load);
}

bool reset(int fd, std::string_view) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  return false;
}

Ended run_against(Served::Serve serve, const Words& words) {
  const Served server(std::move(serve));
  return run(words + Words{"-d", "100ms", server.target()});
}

// In a network of its own with ten ports to dial from. False: we may not make one.
bool enter_small_network() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  const test::Descriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq loopback{};
  loopback.ifr_name[0] = 'l', loopback.ifr_name[1] = 'o';
  loopback.ifr_flags = IFF_UP;
  if (::ioctl(any.get(), SIOCSIFFLAGS, &loopback) != 0) return false;
  std::ofstream range("/proc/sys/net/ipv4/ip_local_port_range");
  return static_cast<bool>(range << "40000 40009" << std::flush);
}

Ended run_out_of_ports(const Words& more) {
  Ended ended{1, "FAILED: connect EADDRNOTAVAIL\n"};
  std::thread([&] {
    if (!enter_small_network()) {
      MESSAGE("skipped: no network of its own may be made here");
      return;
    }
    const Served server(answer);
    ended = run(more + Words{"-c", "20", "-d", "100ms", server.target()});
  }).join();
  return ended;
}

Ended run_script(const std::string& text, const Words& words) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("a.load");
  std::ofstream(path) << text;
  return run(words + Words{"-s", path});
}

struct Way {
  const char* name;
  int status;
  const char* why;
  std::function<Ended(const Words& more)> end;  // `more` is -q, or nothing
};

const Way ways[] = {
    {"nobody listens", 1, "connect ECONNREFUSED",
     [](const Words& more) {
       const std::string target = Port().target();
       return run(more + Words{"-c", "2", target});
     }},
    {"nobody listens to a script, which would last a minute", 1, "connect ECONNREFUSED",
     [](const Words& more) {
       const std::string target = Port().target();
       return run_script("send \"a\\n\"\nexpect \"b\\n\"\n",
                         more + Words{"-c", "20", "-t", "2", "-d", "60s", target});
     }},
    {"nobody listens to a connection for each request, for a minute", 1, "connect ECONNREFUSED",
     [](const Words& more) {
       const std::string target = Port().target();
       return run(more + Words{"-c", "20", "--connection-per-request", "-d", "60s", target});
     }},
    {"nobody listens to new connections at a rate, for a minute", 1, "connect ECONNREFUSED",
     [](const Words& more) {
       const std::string target = Port().target();
       return run(more + Words{"-c", "20", "--connect-rate", "100", "-d", "60s", target});
     }},
    {"there is no such host", 1, "lookup nowhere.invalid",
     [](const Words& more) {
       return run(more + Words{"-d", "50ms", "line@nowhere.invalid:80"});
     }},
    {"a condition holds for the later of two results", 3, "--fail-if rate>0: rate is ",
     [](const Words& more) {
       const test::TemporaryDirectory directory;
       const std::string path = directory.path("a.json");
       run_against(answer, Words{"--json", path});
       return run(more + Words{"--fail-if", "rate>0", "--compare", path, path});
     }},
    {"nobody listens on a path", 1, "connect ENOENT",
     [](const Words& more) { return run(more + Words{"line@unix:/nowhere/at-all.sock"}); }},
    {"nobody accepts", 2, "connect timeout",
     [](const Words& more) {
       const Port port(0);
       return run(more + Words{"-c", "20", "-d", "100ms", "--timeout", "300ms", port.target()});
     }},
    {"nothing is answered", 2, "reply timeout",
     [](const Words& more) {
       const Port port;
       return run(more + Words{"-c", "2", "-d", "100ms", "--timeout", "300ms", port.target()});
     }},
    {"replies are lost to a reset", 2, "reply lost ECONNRESET",
     [](const Words& more) {
       return run_against(reset, more + Words{"-c", "2", "-P", "4"});
     }},
    {"replies are lost to an end", 2, "reply lost eof",
     [](const Words& more) {
       return run_against([](int, std::string_view) { return false; }, more + Words{"-c", "2", "-P", "4"});
     }},
    {"replies of a script are lost to a reset", 2, "reply lost ECONNRESET",
     [](const Words& more) {
       const Served server(reset);
       return run_script("send \"a\\n\"\nsend \"b\\n\"\nexpect \"b\\n\"\n",
                         more + Words{"-c", "1", "-d", "100ms", server.target()});
     }},
    {"a reply is wrong", 2, "reply mismatch",
     [](const Words& more) {
       const WrongServer server(WrongServer::Fault::alter);
       return run(more + Words{"-c", "1", "-d", "200ms", "line@" + server.address()});
     }},
    {"a reply of a script is wrong", 2, "a.load:2: connection 0: expected \"b\\n\"",
     [](const Words& more) {
       const Served server(answer);
       return run_script("send \"a\\n\"\nexpect \"b\\n\"\n",
                         more + Words{"-c", "1", "-d", "100ms", server.target()});
     }},
    {"a script sends more than it expects", 2, "reply unexpected",
     [](const Words& more) {
       const Served server(answer);
       return run_script("repeat forever\nrepeat 20000\nsend \"a\\n\"\nend\nexpect-line\nend\n",
                         more + Words{"-c", "1", "-d", "3s", server.target()});
     }},
    {"idle connections are ended", 1, "hold eof",
     [](const Words& more) {
       const Port port;
       Load load(more + Words{"-c", "0", "--hold", "2", "-d", "300ms", port.target()});
       port.accept();
       port.accept();
       return end_of(load);
     }},
    {"a process of the generator is killed", 1, "process ended",
     [](const Words& more) {
       const Served server(answer);
       Load load(more + Words{"-c", "2", "-t", "2", "-d", "500ms", server.target()});
       test::wait_until("requests come", [&] { return server.lines() > 0; });
       ::kill(load.workers().front(), SIGKILL);
       return end_of(load);
     }},
    {"a process of the generator is told to end", 1, "process ended",
     [](const Words& more) {
       const Served server(answer);
       Load load(more + Words{"-c", "2", "-t", "2", "-d", "60s", server.target()});
       test::wait_until("requests come", [&] { return server.lines() > 0; });
       for (const pid_t worker : load.workers()) ::kill(worker, SIGTERM);
       return end_of(load);
     }},
    {"requests are never sent", 1, "send overdue",
     [](const Words& more) {
       const Served slow([](int fd, std::string_view lines) {
         std::this_thread::sleep_for(100ms);
         return answer(fd, lines);
       });
       return run(more + Words{"-c", "1", "-R", "1000", "-d", "250ms", slow.target()});
     }},
    {"nothing is due within the time", 1, "no request was sent within the time",
     [](const Words& more) {
       const Served server(answer);
       return run(more + Words{"--poisson", "-R", "0.01", "-d", "50ms", server.target()});
     }},
    {"the ports of our side run out", 1, "connect EADDRNOTAVAIL", run_out_of_ports},
    {"the result does not fit the disk", 1, "/dev/full: can't be written: no space left",
     [](const Words& more) {
       return run_against(answer, more + Words{"--json", "/dev/full"});
     }},
    {"the picture does not fit the disk", 1, "/dev/full: can't be written: no space left",
     [](const Words& more) {
       return run_against(answer, more + Words{"--plot", "/dev/full"});
     }},
    {"the result has no folder", 1, "there is no folder /nowhere",
     [](const Words& more) {
       return run_against(answer, more + Words{"--json", "/nowhere/at/all.json"});
     }},
    {"the result is a folder", 1, "it is a folder",
     [](const Words& more) {
       return run_against(answer, more + Words{"--json", "/tmp"});
     }},
    {"a condition holds", 3, "--fail-if p99>1ns: p99 is ",
     [](const Words& more) {
       return run_against(answer, more + Words{"--fail-if", "p99>1ns"});
     }},
    {"an objective is kept at no rate", 3, "held at no rate",
     [](const Words& more) {
       return run_against(answer, more + Words{"-c", "1", "-R", "100", "--slo", "p99<1ns"});
     }},
    {"a signal comes while connections open", 130, "ended by a signal before anything was answered",
     [](const Words& more) {
       const Port port(0);
       Load load(more + Words{"-c", "20", "--timeout", "60s", port.target()});
       test::wait_until("it dials", [&] { return port.has_caller(); });
       load.signal(SIGINT);
       return end_of(load);
     }},
    {"a signal comes before an objective was kept at any rate", 130, "ended by a signal before --slo",
     [](const Words& more) {
       const Served server(answer);
       Load load(more + Words{"-c", "1", "-R", "100", "-d", "60s", "--slo", "p99<1h", server.target()});
       test::wait_until("requests come", [&] { return server.lines() > 0; });
       load.signal(SIGTERM);
       return end_of(load);
     }},
    {"a second signal comes", 130, "ended by a second signal",
     [](const Words& more) {
       const Served server([](int, std::string_view) { return true; });
       Load load(more + Words{"-c", "1", "--timeout", "60s", server.target()});
       test::wait_until("a request comes", [&] { return server.lines() > 0; });
       test::wait_until("a second signal ended it", [&] {
         if (load.is_running()) load.signal(SIGINT);
         return !load.is_running();
       });
       return end_of(load);
     }},
    {"it is used wrongly", 64, "wrong usage",
     [](const Words& more) {
       return run(more + Words{"-P", "0", "line@127.0.0.1:1"});
     }},
    {"the script is not there", 64, "wrong usage",
     [](const Words& more) {
       return run(more + Words{"-s", "/nowhere.load", "line@127.0.0.1:1"});
     }},
    {"there are too few descriptors", 64, "raise ulimit -n",
     [](const Words& more) {
       return run(more + Words{"-c", "1000", "line@127.0.0.1:1"}, "ulimit -n 100; ");
     }},
    {"results to compare are not there", 1, "/nowhere/a.json",
     [](const Words& more) {
       return run(more + Words{"--compare", "/nowhere/a.json", "/nowhere/b.json"});
     }},
};

}  // namespace

TEST_SUITE("load endings") {
  TEST_CASE("each way to fail has its exit status, and the last line says why, also under -q") {
    for (const Way& way : ways) {
      for (const Words& more : {Words{}, Words{"-q"}}) {
        const std::string name = way.name + std::string(more.empty() ? "" : ", quietly");
        INFO(name);
        Ended ended{};
        CHECK_NOTHROW(ended = way.end(more));  // it ends in time
        CHECK(ended.status == way.status);
        CHECK(ended.last_line.starts_with("FAILED: "));
        CHECK(ended.last_line.ends_with("\n"));
        INFO(ended.last_line);
        CHECK(has(ended.last_line, way.why));
      }
    }
  }

  TEST_CASE("a report that nobody can read fails the run") {
    const Served server(answer);
    for (const char* prelude : {"exec >/dev/full; ", "exec >&-; "}) {
      const Ended ended = run({"-d", "100ms", server.target()}, prelude);
      CHECK(ended.status == 1);
      CHECK(has(ended.last_line, "FAILED: the report can't be written to standard output: "));
      CHECK(run({"-q", "-d", "100ms", server.target()}, prelude).status == 0);
    }
  }

  TEST_CASE("an address with a newline forges no result") {
    const Ended ended = run({"-c", "1", "line@unix:/nowhere/a\nnumber requests 123456"});
    CHECK(ended.status == 1);
    CHECK(has(ended.last_line, "connect ENOENT"));
    CHECK(has(ended.last_line, "no connection was opened"));
  }

  TEST_CASE("a run without an error says nothing on standard error") {
    const Served server(answer);
    const Ended ended = run({"-d", "100ms", server.target()});
    CHECK(ended.status == 0);
    CHECK(ended.last_line.empty());
  }
}

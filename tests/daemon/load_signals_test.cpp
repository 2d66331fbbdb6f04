// Signals to reactord-load, to its processes, and in the moments in which nothing runs yet.
#include <doctest/doctest.h>

#include "daemon/load_faults.hpp"

using namespace std::chrono_literals;
using test::has;
using test::Load;
using test::Port;
using test::Served;

namespace {

// Signals until it has ended: the first of them that is not part of the same instant counts.
int end_at_once(Load& load, int number) {
  test::wait_until("it ends", [&] {
    if (load.is_running()) load.signal(number);
    return !load.is_running();
  });
  return load.wait();
}

void check_gone(const std::vector<pid_t>& processes) {
  for (const pid_t process : processes)
    test::wait_until("a process that worked is gone", [process] { return !test::is_there(process); });
}

}  // namespace

TEST_SUITE("load signals") {
  TEST_CASE("a signal while connections open ends the run at once: some refused, and more to come") {
    Port port;
    Load load({"-c", "20", "--ramp", "10s", "--timeout", "60s", port.target()});
    const test::Descriptor first = port.accept();
    port.close();
    const std::vector<pid_t> workers = load.workers();
    // The second is due half a second after the first: then it was refused, and is tried again and again.
    std::this_thread::sleep_for(700ms);
    load.signal(SIGINT);
    CHECK(load.wait() == 130);
    check_gone(workers);
  }

  TEST_CASE("a signal while connections open ends the run at once: nobody accepts") {
    for (const auto& more : std::vector<std::vector<std::string>>{
             {}, {"--hold", "20"}, {"-t", "2"}, {"--connection-per-request"}, {"-R", "100"}}) {
      const Port port(0);
      std::vector<std::string> arguments{"-c", "20", "--timeout", "60s", port.target()};
      arguments.insert(arguments.begin(), more.begin(), more.end());
      INFO("with ", more.empty() ? "nothing more" : more.front());
      Load load(arguments);
      CHECK(port.has_caller(5000ms));
      const std::vector<pid_t> workers = load.workers();
      load.signal(SIGTERM);
      if (!more.empty() && more.front() == "--connection-per-request") {
        load.wait_for_log({"interrupted"});  // which waits for replies, these are on their way
        CHECK(end_at_once(load, SIGTERM) == 130);
      } else {
        CHECK(load.wait() == 130);
      }
      check_gone(workers);
    }
  }

  TEST_CASE("two signals in the same instant, as timeout(1) sends them, are one") {
    const test::Daemon daemon;
    Load load({"-c", "2", "-d", "60s", "line@" + daemon.address()});
    test::wait_until("the load has begun", [&] { return daemon.cpu_seconds() > 0.1; });
    load.signal(SIGTERM);
    load.signal(SIGINT);
    const std::string output = load.output();
    CHECK(load.wait() == 0);
    CHECK(has(output, "Requests/sec:"));
  }

  TEST_CASE("a second signal ends the processes too, whatever keeps them") {
    const test::Daemon daemon;
    Load load({"-c", "2", "-t", "2", "-d", "60s", "line@" + daemon.address()});
    test::wait_until("the load has begun", [&] { return daemon.cpu_seconds() > 0.1; });
    const std::vector<pid_t> workers = load.workers();
    for (const pid_t worker : workers) ::kill(worker, SIGSTOP);
    load.signal(SIGINT);
    CHECK(end_at_once(load, SIGINT) == 130);
    check_gone(workers);
  }

  TEST_CASE("a process that is told to end tells what it has done, and ends at once when told twice") {
    const Served silent([](int, std::string_view) { return true; });
    Load load({"-c", "1", "-d", "60s", "--timeout", "60s", silent.target()});
    test::wait_until("a request comes", [&] { return silent.lines() > 0; });
    const pid_t worker = load.workers().front();
    test::wait_until("it ends", [&] { return ::kill(worker, SIGTERM) != 0; });
    CHECK(load.wait() == 1);
  }

  TEST_CASE("processes end when the one that began them is gone") {
    Port port;
    Load load({"-c", "4", "-t", "2", "-d", "60s", port.target()});
    const std::vector<pid_t> workers = load.workers();
    for (int left = 4; left > 0; --left) port.accept();  // and breaks it off at once
    port.close();
    std::this_thread::sleep_for(300ms);  // each is refused by now, and tries again and again
    load.signal(SIGKILL);
    CHECK(load.wait() == -SIGKILL);
    check_gone(workers);
  }
}

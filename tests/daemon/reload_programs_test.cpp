// Reloads while hundreds of clients ask: new workers, more of them, fewer, others. No line is lost between old and new ones.
// make hostile-programs has more clients, and reloads for longer.
#include <doctest/doctest.h>

#include <array>

#include "support/askers.hpp"
#include "support/configured.hpp"
#include "support/misbehaving.hpp"
#include "support/processes.hpp"

using test::Askers;
using test::Clock;
using test::Configured;
using test::Process;
using namespace std::chrono_literals;

namespace {

std::string configuration(std::string_view options, const std::string& mark) {
  return "listen = w@unix:DIRw\nprogram = w " + std::string(options) + ' ' + test::misbehaving_program() +
         " worker " + mark + '\n';
}

}  // namespace

TEST_CASE("hostile programs: reloads under load lose no line, and answers stay in order") {
  test::raise_descriptor_limit();
  constexpr std::array options{"workers=4", "workers=2 notices=yes", "workers=6 lines=2",
                               "workers=1", "workers=4 queue=4KiB",  "workers=3 worker-lines=16"};
  const test::TemporaryDirectory unique;
  const std::string mark = unique.path("reloads");
  Configured configured(configuration(options[0], mark));
  Process& daemon = configured.process();
  daemon.wait_for_log({"event=limits"});
  Askers askers(test::is_thorough() ? 2000 : 300, configured.address("w"), 20ms, 8);
  const auto read_log = [&] { daemon.read_log(); };
  askers.run_for(200ms, read_log);
  CHECK(askers.are_all_connected());

  std::size_t reloads = 0;
  const auto until = Clock::now() + test::hostile_time(2s);
  while (Clock::now() < until) {
    configured.reload(configuration(options[++reloads % options.size()], mark));
    askers.run_for(150ms, read_log);
  }
  configured.reload(configuration(options[0], mark));
  askers.finish(read_log);

  const Askers::Books& books = askers.books();
  CHECK(askers.wrong() == "");
  CHECK(books.answered == books.asked);
  CHECK(books.lost + books.late + books.broken_off == 0);
  test::wait_until("the former workers have ended", [&] {
    daemon.read_log();
    return test::children_of(daemon.pid()).size() == 4;
  });
  CHECK(daemon.stop() == 0);
  CHECK(test::processes_with(mark) == 0);
  MESSAGE(reloads << " reloads, " << books.connections << " connections, " << books.answered
                  << " lines answered");
}

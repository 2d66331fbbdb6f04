// The budget of descriptors: what fits, and the sum where something does not.
#include "daemon/descriptor_budget.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/listeners.hpp"
#include "support/cost.hpp"

namespace {

reactord::Parsed<std::size_t> connections_that_fit(std::size_t limit, std::size_t listeners,
                                                   std::size_t asked, const std::string& setting) {
  return reactord::connections_that_fit(limit, {.listeners = listeners, .programs = 0}, asked, setting,
                                        "reactord");
}

}  // namespace

TEST_CASE("connections get what the limit leaves of the descriptors") {
  CHECK(*connections_that_fit(20000, 1, 0, "--max-connections 0") == 19871);
  CHECK(*connections_that_fit(20000, 3, 0, "--max-connections 0") == 19869);
  CHECK(*connections_that_fit(130, 1, 0, "--max-connections 0") == 1);
  CHECK(*connections_that_fit(20000, 1, 1, "--max-connections 1") == 1);
  CHECK(*connections_that_fit(20000, 1, 19871, "--max-connections 19871") == 19871);
}

TEST_CASE("what does not fit is refused with the sum") {
  CHECK(connections_that_fit(20000, 1, 50000, "--max-connections 50000").error() ==
        "--max-connections 50000: needs 50000 + 129 of its own = 50129 descriptors, the limit is 20000: at "
        "most "
        "19871 fit; or raise it (ulimit -n, LimitNOFILE= of a unit)");
  CHECK_FALSE(connections_that_fit(20000, 1, 19872, "--max-connections 19872").has_value());
  CHECK(connections_that_fit(129, 1, 0, "--max-connections 0").error() ==
        "the limit is 129 descriptors, reactord needs 129 of its own and one for each connection: raise it "
        "(ulimit -n, LimitNOFILE= of a unit)");
  CHECK(connections_that_fit(64, 1, 10, "--max-connections 10").error() ==
        connections_that_fit(64, 1, 0, "--max-connections 0").error());
}

TEST_CASE("four times as many names of passed sockets take four times as long to count") {
  const auto cost_of_names = [](std::size_t count) {
    std::vector<std::string> names;
    std::vector<reactord::ListenOption> wanted;
    for (std::size_t number = 0; number < count; ++number) {
      names.push_back("n" + std::to_string(number));
      wanted.push_back({"line", "systemd:" + names.back()});
    }
    return test::cost_of([&] {
      CHECK(reactord::listening_descriptors(wanted, {}, names) == 2 * count);
      CHECK(reactord::listening_descriptors(wanted, names, {}) == 2 * count);
    });
  };
  CHECK(cost_of_names(16'000) / cost_of_names(4'000) < test::most_for_four_times);
}

TEST_CASE("programs take descriptors from connections: those of a process each, twice those of workers") {
  reactord::ProgramSettings workers, processes;
  workers.workers = 10;
  processes.mode = reactord::ProgramMode::connection;
  processes.processes = 100;
  CHECK(reactord::program_descriptors({}) == 0);
  CHECK(reactord::program_descriptors({workers}) == 80);
  CHECK(reactord::program_descriptors({workers, processes}) == 480);
  const reactord::DescriptorUse use{.listeners = 1, .programs = 480};
  CHECK(*reactord::connections_that_fit(20000, use, 0, "--max-connections 0", "reactord") == 19391);
  CHECK(reactord::connections_that_fit(1000, use, 500, "--max-connections 500", "reactord").error() ==
        "--max-connections 500: needs 500 + 609 of its own (480 for programs) = 1109 descriptors, the limit "
        "is 1000: at "
        "most 391 fit; or raise it (ulimit -n, LimitNOFILE= of a unit)");
  CHECK(reactord::connections_that_fit(600, use, 0, "--max-connections 0", "reactord").error() ==
        "the limit is 600 descriptors, reactord needs 609 of its own (480 for programs) and one for each "
        "connection: "
        "raise it (ulimit -n, LimitNOFILE= of a unit)");
}

TEST_CASE("a control socket takes its descriptors from those of connections") {
  const auto fit = [](std::size_t asked) {
    return reactord::connections_that_fit(1000, {.listeners = 1, .programs = 4, .control = 82}, asked,
                                          "max-connections", "reactord");
  };
  CHECK(*fit(0) == 1000 - 128 - 1 - 4 - 82);
  CHECK(fit(1000).error().find("215 of its own (4 for programs, 82 for the control socket)") !=
        std::string::npos);
}

TEST_CASE("and so do the metrics") {
  const auto fit = [](std::size_t asked) {
    return reactord::connections_that_fit(1000, {.listeners = 1, .control = 82, .metrics = 18}, asked,
                                          "max-connections", "reactord");
  };
  CHECK(*fit(0) == 1000 - 128 - 1 - 82 - 18);
  CHECK(fit(1000).error().find("229 of its own (82 for the control socket, 18 for metrics)") !=
        std::string::npos);
}

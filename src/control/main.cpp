#include <cstdio>

#include "control/control_client.hpp"
#include "control/options.hpp"
#include "control/program.hpp"

int main(int argc, char** argv) {
  using namespace reactord;
  const auto options = control::parse_control_options(argc, argv);
  if (!options) {
    std::fprintf(stderr, "reactordctl: %s\n", options.error().c_str());
    return control::exit_usage;
  }
  return control::run_control(*options);
}

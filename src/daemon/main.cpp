#include <cstdio>
#include <utility>

#include "daemon/daemon.hpp"
#include "daemon/options.hpp"

int main(int argc, char** argv) {
  auto options = reactord::parse_options(argc, argv);
  if (!options) {
    std::fprintf(stderr, "reactord: %s\n", options.error().c_str());
    return reactord::exit_usage;
  }
  if (options->help || options->version) {
    const std::string text = options->help ? reactord::help_text() : reactord::version_text();
    return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 1 : 0;
  }
  return reactord::run_daemon(std::move(*options));
}

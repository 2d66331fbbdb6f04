#include <cstdio>
#include <utility>

#include "load/options/options.hpp"
#include "load/program.hpp"
#include "load/result/text.hpp"

int main(int argc, char** argv) {
  using namespace reactord;
  auto options = load::parse_load_options(argc, argv);
  if (!options) {
    std::fprintf(stderr, "reactord-load: %s\nFAILED: wrong usage, nothing was done\n",
                 load::printable(options.error()).c_str());
    return load::exit_usage;
  }
  if (options->help || options->version) {
    const std::string text = options->help ? load::load_help_text() : load::load_version_text();
    return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 1 : 0;
  }
  return load::run_program(std::move(*options));
}

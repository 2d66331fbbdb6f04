#include "load/report/environment.hpp"

#include <fstream>
#include <thread>

#include "base/quantity.hpp"
#include "base/system.hpp"
#include "base/system_process.hpp"

namespace reactord::load {
namespace {

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("model name") && line.contains(": ")) return line.substr(line.find(": ") + 2);
  }
  return "unknown";
}

}  // namespace

NamedValues configuration_of(const LoadOptions& options) {
  NamedValues values{{"target", options.protocol + "@" + options.address_text},
                     {"duration", duration_text(options.duration)},
                     {"connections", std::to_string(options.connections)},
                     {"processes", std::to_string(options.processes)}};
  const auto add = [&values](const char* name, std::string value, bool is_set) {
    if (is_set) values.emplace_back(name, std::move(value));
  };
  add("depth", std::to_string(options.depth), !options.script && !options.connection_per_request);
  add("rate", rate_text(options.rate), options.is_open_loop());
  add("arrivals", options.poisson ? "poisson" : "constant", options.is_open_loop());
  add("connection per request", "yes", options.connection_per_request);
  add("warmup", duration_text(options.warmup), options.warmup > 0ns);
  add("ramp", duration_text(options.ramp), options.ramp > 0ns);
  add("hold", std::to_string(options.hold), options.hold > 0);
  add("script", options.script_path, !options.script_path.empty());
  add("send", options.send_text, !options.send_text.empty());
  add("expect", options.expect_text, !options.expect_text.empty());
  add("timeout", duration_text(options.timeout), true);
  add("seed", std::to_string(options.seed), true);
  return values;
}

NamedValues environment() {
  const std::string version = load_version_text();
  return {{"version", version.substr(0, version.size() - 1)},
          {"kernel", first_line("/proc/sys/kernel/osrelease")},
          {"cpu", processor()},
          {"cores", std::to_string(std::thread::hardware_concurrency())},
          {"descriptors", std::to_string(system::raise_descriptor_limit())},
          {"somaxconn", std::to_string(system::max_backlog())}};
}

}  // namespace reactord::load

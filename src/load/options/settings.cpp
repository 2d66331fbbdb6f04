#include "load/options/settings.hpp"

#include <utility>

namespace reactord::load {
namespace {

constexpr std::uint64_t most_connections = 1'000'000;
constexpr std::uint64_t most_processes = 256;
constexpr std::uint64_t most_depth = 100'000;

template <auto member, std::uint64_t least, std::uint64_t most>
Parsed<void> set_number(std::string_view text, LoadOptions& options) {
  const auto number = parse_number(text, least, most);
  if (!number) return std::unexpected(number.error());
  options.*member = *number;
  return {};
}

template <auto member, bool may_be_zero = true>
Parsed<void> set_duration(std::string_view text, LoadOptions& options) {
  const auto duration = parse_duration(text);
  if (!duration) return std::unexpected(duration.error());
  if (!may_be_zero && *duration == 0ns) return std::unexpected(std::string(text) + ": must be more than 0");
  options.*member = *duration;
  return {};
}

template <auto member>
Parsed<void> set_rate(std::string_view text, LoadOptions& options) {
  const auto rate = parse_rate(text);
  if (!rate) return std::unexpected(rate.error());
  options.*member = *rate;
  return {};
}

template <auto member>
Parsed<void> set_text(std::string_view text, LoadOptions& options) {
  if (text.empty()) return std::unexpected(std::string("\"\": must not be empty"));
  options.*member = text;
  return {};
}

template <auto member>
Parsed<void> add_text(std::string_view text, LoadOptions& options) {
  if (text.empty()) return std::unexpected(std::string("\"\": must not be empty"));
  (options.*member).emplace_back(text);
  return {};
}

template <auto member>
Parsed<void> raise(std::string_view, LoadOptions& options) {
  options.*member = true;
  return {};
}

using L = LoadOptions;
constexpr std::string_view load = "How much";
constexpr std::string_view open =
    "Open loop: requests come when they are due, whether or not the server keeps up";
constexpr std::string_view what = "What is sent, and what must come back";
constexpr std::string_view connections = "How connections come and go";
constexpr std::string_view shown = "What is shown, and what makes the run fail";
constexpr std::string_view about = "About reactord-load";

constexpr LoadSetting table[] = {
    {'c', "connections", "NUMBER", load, "so many at once", "10",
     set_number<&L::connections, 0, most_connections>},
    {'d', "duration", "DURATION", load, "measure for so long", "10s", set_duration<&L::duration, false>},
    {'t', "processes", "NUMBER", load, "share the work among so many", "1",
     set_number<&L::processes, 1, most_processes>},
    {'P', "depth", "NUMBER", load, "requests in flight on each connection", "1",
     set_number<&L::depth, 1, most_depth>},
    {0, "warmup", "DURATION", load, "load the server for so long before measuring", "0s",
     set_duration<&L::warmup>},
    {0, "timeout", "DURATION", load, "a connection or a reply that takes longer has failed", "5s",
     set_duration<&L::timeout, false>},

    {'R', "rate", "RATE", open, "requests a second, of all connections", "", set_rate<&L::rate>},
    {0, "poisson", "", open, "at random, as independent users come; else at equal intervals", "",
     raise<&L::poisson>},
    {0, "slo", "CONDITION", open, "search the highest rate that keeps it: 'p99<5ms'", "", set_text<&L::slo>},

    {'s', "script", "FILE", what, "do what FILE says, on every connection", "", set_text<&L::script_path>},
    {0, "send", "TEMPLATE", what, "what a request is: 'get {seq} {rand:8}\\n'", "", set_text<&L::send_text>},
    {0, "expect", "TEMPLATE", what, "what its reply must be, byte for byte", "", set_text<&L::expect_text>},
    {0, "seed", "NUMBER", what, "of all that is random", "1", set_number<&L::seed, 0, ~std::uint64_t{0}>},

    {0, "connection-per-request", "", connections, "a new one for each", "",
     raise<&L::connection_per_request>},
    {0, "connect-rate", "RATE", connections, "so many new ones a second, one request on each", "",
     set_rate<&L::connect_rate>},
    {0, "ramp", "DURATION", connections, "open them one by one, over so long", "0s", set_duration<&L::ramp>},
    {0, "hold", "NUMBER", connections, "so many more that are open and idle", "0",
     set_number<&L::hold, 0, most_connections>},

    {0, "latency", "", shown, "draw the distribution of the latencies", "", raise<&L::latency>},
    {0, "json", "FILE", shown, "write the whole result there", "", set_text<&L::json_path>},
    {0, "plot", "FILE", shown, "draw it there, as SVG", "", set_text<&L::plot_path>},
    {0, "compare", "FILE FILE", shown, "two results that --json wrote; nothing is loaded", "",
     add_text<&L::compare>},
    {0, "fail-if", "CONDITION", shown, "exit with 3 if it holds: 'p99>10ms'; may be repeated", "",
     add_text<&L::fail_if>},
    {'q', "quiet", "", shown, "no progress, no report", "", raise<&L::quiet>},

    {'h', "help", "", about, "this text", "", raise<&L::help>},
    {'V', "version", "", about, "the version", "", raise<&L::version>},
};

}  // namespace

std::span<const LoadSetting> load_settings() noexcept { return table; }

}  // namespace reactord::load

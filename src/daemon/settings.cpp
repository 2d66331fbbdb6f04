#include "daemon/settings.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/suggestion.hpp"
#include "protocols/table.hpp"
#include "reactord/address.hpp"

namespace reactord {
namespace {

constexpr std::size_t least_max_line = 2;  // one byte and its newline
constexpr std::size_t most_max_line = 64 * 1024 * 1024;
constexpr std::size_t most_output = std::size_t{1} << 30;  // as within_reason() has it
constexpr unsigned most_jitter_percent = 90;               // some lifetime is left
constexpr unsigned most_log_rate = 1'000'000;

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

Parsed<LogLevel> parse_log_level(std::string_view text) {
  static constexpr std::array<std::string_view, 4> names{"error", "warn", "info", "debug"};
  const auto found = std::ranges::find(names, text);
  if (found != names.end()) return static_cast<LogLevel>(found - names.begin());
  return std::unexpected(std::string(text) + ": unknown level " + quoted(text) + ", " +
                         suggestion(text, names));
}

Parsed<CountLimit> deferring_count(std::string_view text) {
  return parse_count_limit(text, OverLimit::defer);
}
Parsed<CountLimit> rejecting_count(std::string_view text) {
  return parse_count_limit(text, OverLimit::reject);
}
Parsed<RateLimit> deferring_rate(std::string_view text) { return parse_rate(text, OverLimit::defer); }
Parsed<RateLimit> rejecting_rate(std::string_view text) { return parse_rate(text, OverLimit::reject); }
Parsed<unsigned> jitter(std::string_view text) { return parse_percentage(text, most_jitter_percent); }
Parsed<unsigned> ip6_prefix(std::string_view text) { return parse_number(text, 1, 128); }
Parsed<unsigned> log_rate(std::string_view text) { return parse_number(text, 0, most_log_rate); }

Parsed<bool> yes_or_no(std::string_view text) {
  if (text == "yes" || text == "no") return text == "yes";
  return std::unexpected(std::string(text) + ": write yes or no");
}

Parsed<std::string> file_name(std::string_view text) {
  if (text.empty()) return std::unexpected(": write the name of a file");
  return std::string(text);
}

Parsed<std::string> instance_name(std::string_view text) {
  if (!text.empty() && !text.starts_with('.') && text.find('/') == std::string_view::npos)
    return std::string(text);
  return std::unexpected(std::string(text) +
                         ": write a name without a slash, which does not begin with a dot");
}

Parsed<std::string> inetd_protocol(std::string_view text) {
  auto protocol = parse_protocol(text);
  if (!protocol) return std::unexpected(std::string(text) + ": " + protocol.error());
  return protocol;
}

Parsed<Duration> some_duration(std::string_view text) {
  auto duration = parse_duration(text);
  if (duration && *duration == 0ns) return std::unexpected(std::string(text) + ": must be at least 1ms");
  return duration;
}

Parsed<std::size_t> max_line(std::string_view text) {
  auto size = parse_size(text);
  if (size && (*size < least_max_line || *size > most_max_line)) {
    return std::unexpected(std::string(text) + ": must be from 2 bytes to " + size_text(most_max_line));
  }
  return size;
}

Parsed<std::size_t> output_size(std::string_view text) {
  auto size = parse_size(text);
  if (size && (*size == 0 || *size > most_output)) {
    return std::unexpected(std::string(text) + ": must be from 1 byte to " + size_text(most_output));
  }
  return size;
}

// What `parse` makes of the text goes where `path`, one member after the other, leads to.
template <auto parse, auto... path>
Parsed<void> set(std::string_view text, Options& options) {
  auto value = parse(text);
  if (!value) return std::unexpected(std::move(value).error());
  (options.*....*path) = std::move(*value);
  return {};
}

template <auto parse, auto... path>
constexpr auto set_limit = set<parse, &Options::limits, path...>;

Parsed<void> add_listen(std::string_view text, Options& options) {
  auto listen = parse_listen(text);
  if (!listen) return std::unexpected(std::move(listen).error());
  if (const ListenOption* const other = options.listen.add(std::move(*listen))) {
    return std::unexpected(std::string(text) + ": the same place as " + other->text() +
                           ": write one listen for each");
  }
  return {};
}

template <auto flag>
Parsed<void> raise(std::string_view, Options& options) {
  options.*flag = true;
  return {};
}

constexpr std::string_view serving = "What is served";
constexpr std::string_view slow = "Clients that are too slow (0: no limit)";
constexpr std::string_view much = "Clients that take too much";
constexpr std::string_view many = "Too many clients (0: no limit)";
constexpr std::string_view log = "What is logged";
constexpr std::string_view how = "How it is run (on the command line only)";
constexpr std::string_view about = "About reactord";

constexpr Setting table[] = {
    {"listen", "PROTOCOL@ADDRESS", serving, "serve PROTOCOL at ADDRESS; may be repeated", "line@:9090",
     add_listen},
    {"reuse-port", "YES-OR-NO", serving, "yes: several instances may listen at one port", "no",
     set<yes_or_no, &Options::reuse_port>},
    {"drain-timeout", "DURATION", serving, "at SIGTERM, give connections so long to finish", "30s",
     set<some_duration, &Options::drain_timeout>},

    {"idle-timeout", "DURATION", slow, "close a connection that is silent for so long", "60s",
     set_limit<parse_duration, &Limits::idle_timeout>},
    {"line-timeout", "DURATION", slow, "close it when a line takes so long to be complete", "10s",
     set_limit<parse_duration, &Limits::line_timeout>},
    {"drain-line-timeout", "DURATION", slow, "at SIGTERM, close it when its half line takes so long", "5s",
     set_limit<parse_duration, &Limits::drain_line_timeout>},
    {"write-timeout", "DURATION", slow, "close it when the client takes nothing for so long", "30s",
     set_limit<parse_duration, &Limits::write_timeout>},
    {"lifetime", "DURATION", slow, "close it when it is so old", "0",
     set_limit<parse_duration, &Limits::lifetime>},
    {"lifetime-jitter", "PERCENT", slow, "up to so much earlier, each at its own time", "10%",
     set_limit<jitter, &Limits::lifetime_jitter_percent>},

    {"max-line", "SIZE", much, "the longest line, with its newline", "64KiB",
     set_limit<max_line, &Limits::max_line>},
    {"long-lines", "WAY", much, "a longer one: close, truncate or discard", "close",
     set_limit<parse_long_lines, &Limits::long_lines>},
    {"output-high", "SIZE", much, "so much waits for a client: serve it no further line", "64KiB",
     set_limit<output_size, &Limits::output, &OutputLimits::high>},
    {"output-low", "SIZE", much, "until only so much waits", "16KiB",
     set_limit<parse_size, &Limits::output, &OutputLimits::low>},
    {"output-hard", "SIZE", much, "so much waits: close it (0: no limit)", "1MiB",
     set_limit<parse_size, &Limits::output, &OutputLimits::hard>},
    {"max-buffers", "SIZE", much, "of all clients together (0: no limit)", "256MiB",
     set_limit<parse_size, &Limits::max_buffers>},

    {"max-connections", "COUNT", many, "at once; 0: as many as the descriptors allow", "0,defer",
     set_limit<deferring_count, &Limits::connections>},
    {"max-connections-per-address", "COUNT", many, "at once, from one address", "0,reject",
     set_limit<rejecting_count, &Limits::connections_per_address>},
    {"accept-rate", "RATE", many, "new ones in a second", "0,defer",
     set_limit<deferring_rate, &Limits::accepts>},
    {"accept-rate-per-address", "RATE", many, "new ones in a second, from one address", "0,reject",
     set_limit<rejecting_rate, &Limits::accepts_per_address>},
    {"ip6-prefix", "BITS", many, "so many leading bits of an IPv6 address are one client", "64",
     set_limit<ip6_prefix, &Limits::ip6_prefix>},

    {"log-level", "LEVEL", log, "error, warn, info or debug", "info",
     set<parse_log_level, &Options::log_level>},
    {"log-probes", "LEVEL", log, "level of connections that ask nothing, as a balancer's checks", "info",
     set<parse_log_level, &Options::probe_level>},
    {"log-rate", "NUMBER", log, "lines in a second, of each kind (0: all)", "100",
     set<log_rate, &Options::log_rate>},
    {"stall-threshold", "DURATION", log, "a handler that holds all others up for so long (0: none)", "100ms",
     set_limit<parse_duration, &Limits::stall_threshold>},

    {"config", "FILE", how, "-c FILE: read settings from FILE and conf.d/*.conf beside it", "",
     set<file_name, &Options::config>},
    {"instance", "NAME", how, "read instances/NAME.conf beside FILE, too, where it is there", "",
     set<instance_name, &Options::instance>},
    {"check", "", how, "say what is wrong, or which settings are in force; serve nothing", "",
     raise<&Options::check>},
    {"quiet", "", how, "with --check: say only what is wrong", "", raise<&Options::quiet>},
    {"inetd", "PROTOCOL", how, "serve the connection that is standard input, and exit", "",
     set<inetd_protocol, &Options::inetd>},

    {"help", "", about, "this text", "", raise<&Options::help>},
    {"version", "", about, "the version", "", raise<&Options::version>},
};

}  // namespace

std::span<const Setting> settings() noexcept { return table; }

const Setting* find_setting(std::string_view name) noexcept {
  const auto found = std::ranges::find(table, name, &Setting::name);
  return found == std::end(table) ? nullptr : &*found;
}

std::vector<Conflict> find_conflicts(const Options& options) {
  const Limits& limits = options.limits;
  const Conflict::Side low{"output-low", limits.output.low, false};
  const Conflict::Side high{"output-high", limits.output.high, false};
  const Conflict::Side hard{"output-hard", limits.output.hard, true};
  const Conflict::Side line{"max-line", limits.max_line, false};
  const Conflict::Side buffers{"max-buffers", limits.max_buffers, true};
  std::vector<Conflict> found;
  for (const auto& [less, more] : {Conflict{low, high}, Conflict{high, hard}, Conflict{line, buffers}}) {
    const bool is_unlimited = more.may_be_none && more.value == 0;
    if (!is_unlimited && less.value > more.value) found.push_back({less, more});
  }
  return found;
}

}  // namespace reactord

#include <utility>
#include <vector>

#include "daemon/metrics_option.hpp"
#include "daemon/program.hpp"
#include "daemon/program_line.hpp"
#include "daemon/setting_values.hpp"
#include "daemon/settings.hpp"

namespace reactord {
namespace {

// Applies `parse` to the text, and stores the result in the member that `path` leads to, step by step.
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
  auto listen = parse_listen(text, *options.program);
  if (!listen) return std::unexpected(std::move(listen).error());
  if (const ListenOption* const other = options.listen.add(std::move(*listen))) {
    return std::unexpected(std::string(text) + ": the same place as " + other->text() +
                           ": write one listen for each");
  }
  return {};
}

Parsed<void> add_program(std::string_view text, Options& options) {
  std::vector<std::string_view> protocols;
  for (const Protocol& protocol : options.program->protocols()) protocols.push_back(protocol.name);
  auto program = parse_program(text, protocols);
  if (!program) {
    options.programs.add_mistaken(program_name(text));
    return std::unexpected(std::move(program).error());
  }
  const std::string program_name = program->name;
  if (options.programs.add(std::move(*program))) return {};
  return std::unexpected(std::string(text) + ": there is a program " + program_name +
                         " already: give this one another name");
}

Parsed<void> set_inetd(std::string_view text, Options& options) {
  if (text.empty()) return std::unexpected(": write the name of a protocol");
  options.inetd = text;
  return {};
}

template <auto flag>
Parsed<void> raise(std::string_view, Options& options) {
  options.*flag = true;
  return {};
}

// ---- The kinds of values

constexpr ValueKind listen_place{"PROTOCOL@ADDRESS", "", Completion::listen};
constexpr ValueKind program{
    "NAME COMMAND", "", Completion::nothing, {}, "upper /usr/bin/python3 /srv/upper.py"};
constexpr ValueKind socket{"SOCKET"};
constexpr ValueKind http_place{"PLACE"};
constexpr ValueKind written_file{"PATH", "", Completion::file};
constexpr ValueKind yes_no{"YES-OR-NO", "", Completion::words, yes_or_no_words};
constexpr ValueKind duration{"DURATION", "a number and a unit: `500ms`, `1.5s`, `2m`, `1h`"};
constexpr ValueKind percent{"PERCENT", "a number and a percent sign: `10%`"};
constexpr ValueKind size{"SIZE", "a number of bytes, or of units of 1024: `4096`, `64KiB`, `1MiB`, `1GiB`"};
constexpr ValueKind way{"WAY", "", Completion::words, long_line_words};
constexpr ValueKind count{"COUNT",
                          "a number, and what becomes of one too many: `1000,defer` lets it wait, "
                          "`20k,reject` tells it why and closes it"};
constexpr ValueKind rate{"RATE",
                         "a number a second, a burst after a quiet time, and the same as in COUNT: `100/s`, "
                         "`100/s,burst=500,reject`"};
constexpr ValueKind bits{"BITS"};
constexpr ValueKind level{"LEVEL", "", Completion::words, log_level_names};
constexpr ValueKind access{"WHICH", "", Completion::words, access_log_words};
constexpr ValueKind number{"NUMBER"};
constexpr ValueKind file{"FILE", "", Completion::file};
constexpr ValueKind name{"NAME"};
constexpr ValueKind protocol{"PROTOCOL", "", Completion::protocol};

// ---- Sections

constexpr std::string_view serving = "What is served";
constexpr std::string_view slow = "Clients that are too slow (0: no limit)";
constexpr std::string_view much = "Clients that take too much";
constexpr std::string_view many = "Too many clients (0: no limit)";
constexpr std::string_view log = "What is logged";

// ---- The table

constexpr Setting table[] = {
    {"listen", &listen_place, serving, "PROTOCOL@ADDRESS", add_listen,
     "serve PROTOCOL at ADDRESS; may be repeated",
     "Serve PROTOCOL at ADDRESS. May be given several times. ADDRESS is `:9090` (every address of the "
     "machine), `127.0.0.1:9090`, `[::1]:9090`, `tcp4::9090` (IPv4 alone; `tcp6:` is IPv6 alone), "
     "`unix:/path`, `unix:@name` or `systemd:NAME` (all sockets of that name that the service manager has "
     "passed). With port 0, or `unix:@`, the kernel chooses a free one, another each time, and the log names "
     "it. The mode and the owner of a socket file may follow its path after spaces: `mode=0660 owner=USER "
     "group=GROUP`. The file has them before anybody can connect. Without this setting, each socket that was "
     "passed is served by the protocol that it is named after; where none was passed, `line` is served at "
     "port 9090.",
     0, Again::adds},
    {"program", &program, serving, "", add_program,
     "name a program that serves connections, for listen = NAME@ADDRESS; may be repeated",
     "Name a program that serves connections by their lines, in any language: what listens as `NAME@ADDRESS` "
     "is "
     "answered by it. May be given several times, each with another NAME of letters, digits, `-` and `_`. "
     "COMMAND is the "
     "program and its arguments, split into words as by a shell, but no shell runs. Between NAME and COMMAND "
     "may stand "
     "variables of its environment, as in `LANG=C`, and options in small letters: "
     "`mode=worker` (a few processes serve all connections, the default) or `mode=connection` (a process for "
     "each); "
     "`terminal=yes` (its standard output is a terminal, for programs that answer late otherwise), "
     "`directory=/path`, "
     "`user=USER` (needs root). For workers: `workers=4` or `workers=cpus`, `timeout=30s` for an answer, "
     "`notices=yes`, "
     "`lines=64` and `worker-lines=16384` without an answer, of a connection and of a worker, `queue=1MiB` "
     "that a "
     "worker has not read, `longest-answer=1MiB`. For processes: `processes=100` at once, `starts=50` a "
     "second. "
     "On the command line it takes the place of the program of the same name in the files.",
     0, Again::adds},
    {"reuse-port", &yes_no, serving, "no", set<parse_yes_or_no, &Options::reuse_port>,
     "yes: several instances may listen at one port",
     "With `yes`, several instances of one user may listen at the same port, and the kernel spreads "
     "connections over them. Every one of them needs it. It takes effect for listeners that are opened after "
     "it was set."},
    {"drain-timeout", &duration, serving, "30s", set<parse_some_duration, &Options::drain_timeout>,
     "at SIGTERM, give connections DURATION to finish",
     "Give connections DURATION to finish when the daemon stops. Connections that are open after it are "
     "broken "
     "off."},
    {"control", &socket, serving, "none", set<parse_control, &Options::control>,
     "take commands of an operator at SOCKET: unix:/path, unix:@name or none",
     "Take commands of an operator at SOCKET: `unix:/run/reactord/control.sock`, or `unix:@name`, or `none`. "
     "The mode and the owner of the file may follow its path after spaces, as with "
     "`listen`: `mode=0660 owner=USER group=GROUP`; without them it has the mode `0600`. root, the user of "
     "the daemon and the owner of the file may always command it, and others where the mode lets them "
     "connect. Under `--inetd` there is none."},
    {"metrics", &http_place, serving, "none", set<parse_metrics, &Options::metrics>,
     "serve metrics to Prometheus at PLACE: 127.0.0.1:9464, unix:/path or none",
     "Serve metrics over HTTP at PLACE, for Prometheus: `127.0.0.1:9464`, `[::1]:9464`, or "
     "`unix:/run/reactord/metrics.sock`, which may be followed by `mode=0660 owner=USER group=GROUP`; or "
     "`none`. "
     "Whoever can connect there may read them. They tell nothing of a client or a line. Under `--inetd` "
     "there are "
     "none."},
    {"metrics-file", &written_file, serving, "none", set<parse_metrics_file, &Options::metrics_file>,
     "write metrics to the file PATH every 15 s, or none",
     "Write metrics to the file PATH, again every 15 seconds, for the textfile collector of node_exporter: "
     "`/var/lib/node_exporter/reactord.prom`; or `none`. A file `PATH.tmp` beside it is renamed to it, so a "
     "reader "
     "sees a whole one. It is removed when the daemon ends. Under `--inetd` there is none."},

    {"idle-timeout", &duration, slow, "60s", set_limit<parse_duration, &Limits::idle_timeout>,
     "close a connection that sends no line for DURATION",
     "Close a connection that sends no line for DURATION. `echo` counts bytes, either way, in the place of "
     "lines."},
    {"line-timeout", &duration, slow, "10s", set_limit<parse_duration, &Limits::line_timeout>,
     "close it when a line is not complete DURATION after it began",
     "Close a connection when a line is not complete DURATION after its first byte. Further bytes do not "
     "renew it. `echo` knows no lines, and has no such limit."},
    {"drain-line-timeout", &duration, slow, "5s", set_limit<parse_duration, &Limits::drain_line_timeout>,
     "at SIGTERM, close it when a line that has begun takes DURATION more",
     "Close a connection when a line that has begun is not complete DURATION after the daemon was told to "
     "stop. `line-timeout` may end it before. 0: only `line-timeout` holds."},
    {"write-timeout", &duration, slow, "30s", set_limit<parse_duration, &Limits::write_timeout>,
     "close it when answers wait and the client takes none for DURATION",
     "Close a connection when answers wait and the client acknowledges no byte for DURATION. A client that "
     "reads slowly, but reads, is not closed."},
    {"lifetime", &duration, slow, "0", set_limit<parse_duration, &Limits::lifetime>,
     "close it when it is DURATION old",
     "Close a connection when it is DURATION old. What was received by then is answered."},
    {"lifetime-jitter", &percent, slow, "10%", set_limit<parse_jitter, &Limits::lifetime_jitter_percent>,
     "shorten lifetimes by up to PERCENT, each by its own part",
     "Shorten lifetimes by up to PERCENT, each by its own part, so that clients do not all come back at the "
     "same time. PERCENT is at most `90%`."},

    {"max-line", &size, much, "64KiB", set_limit<parse_max_line, &Limits::max_line>,
     "take lines of up to SIZE, newline included",
     "Take lines of up to SIZE, newline included. SIZE is from 2 bytes to 64MiB."},
    {"long-lines", &way, much, "close", set_limit<parse_long_lines, &Limits::long_lines>,
     "what becomes of a longer line: close, truncate or discard",
     "Choose what becomes of a longer line. `close` answers `ERR line too long` and closes the connection. "
     "`truncate` hands the beginning of the line to the protocol. `discard` answers the same error and goes "
     "on with the next line."},
    {"output-high", &size, much, "64KiB", set_limit<parse_output_size, &Limits::output, &OutputLimits::high>,
     "serve a client no further line while more than SIZE waits for it",
     "Serve a client no further line when more than SIZE of answers waits for it. SIZE is from 1 byte to "
     "1GiB, and at least that of `output-low`."},
    {"output-low", &size, much, "16KiB", set_limit<parse_size, &Limits::output, &OutputLimits::low>,
     "serve it again when no more than SIZE waits",
     "Serve the client again when no more than SIZE waits for it."},
    {"output-hard", &size, much, "1MiB", set_limit<parse_size, &Limits::output, &OutputLimits::hard>,
     "close a connection when more than SIZE waits for it (0: no limit)",
     "Close a connection when more than SIZE of answers waits for it. SIZE is at least that of "
     "`output-high`. 0: no limit."},
    {"max-buffers", &size, much, "256MiB", set_limit<parse_size, &Limits::max_buffers>,
     "close the largest when all together hold more than SIZE (0: no limit)",
     "Close the connections that hold most memory when all together hold more than SIZE, received and not "
     "yet served or answered and not yet sent. SIZE is at most half of what the limits on the memory of the "
     "process leave, `getrlimit(2)` and `cgroups(7)`; the default is lowered to that. 0: no limit."},

    {"max-connections", &count, many, "0,defer", set_limit<parse_deferring_count, &Limits::connections>,
     "serve up to COUNT connections at once (0: what descriptors allow)",
     "Serve up to COUNT connections at once. 0: as many as the limit on descriptors allows."},
    {"max-connections-per-address", &count, many, "0,reject",
     set_limit<parse_rejecting_count, &Limits::connections_per_address>,
     "serve up to COUNT connections of one address at once",
     "Serve up to COUNT connections of one address at once. Clients over unix sockets are counted by their "
     "user."},
    {"accept-rate", &rate, many, "0,defer", set_limit<parse_deferring_rate, &Limits::accepts>,
     "accept new connections at up to RATE", "Accept new connections at up to RATE."},
    {"accept-rate-per-address", &rate, many, "0,reject",
     set_limit<parse_rejecting_rate, &Limits::accepts_per_address>,
     "accept new connections of one address at up to RATE",
     "Accept new connections of one address at up to RATE."},
    {"ip6-prefix", &bits, many, "64", set_limit<parse_ip6_prefix, &Limits::ip6_prefix>,
     "take IPv6 addresses with the same BITS leading bits as one",
     "Take IPv6 addresses with the same BITS leading bits, 1 to 128, as one: a home is given a whole "
     "prefix."},

    {"log-level", &level, log, "info", set<parse_log_level, &Options::log_level>,
     "log events at LEVEL and above: error, warn, info or debug",
     "Log events at LEVEL and above. LEVEL is `error`, `warn`, `info` or `debug`."},
    {"log-probes", &level, log, "info", set<parse_log_level, &Options::probe_level>,
     "log connections that ask nothing, as a balancer's checks, at LEVEL",
     "Log the end of a connection at LEVEL when it asked nothing, or when the peer broke it off after "
     "everything was answered, as the checks of a balancer do."},
    {"access-log", &access, log, "all", set<AccessLog::parse, &Options::access_log>,
     "log the ends of connections: all, errors, sample=1/100 or off",
     "Log the ends of connections, or not: `all`; `errors` (the client was not served in full, was cut off, "
     "or "
     "broke off before the last answer); `sample=1/100` (each of these, and one in a hundred of the others; "
     "another number may stand there, up to 1000000); `off`. The counters count all."},
    {"log-rate", &number, log, "100", set<parse_log_rate, &Options::log_rate>,
     "log up to NUMBER lines of each kind in a second (0: all)",
     "Log up to NUMBER lines of each kind of event in a second. How many more there were is logged, too. 0: "
     "all of them."},
    {"stall-threshold", &duration, log, "100ms", set_limit<parse_duration, &Limits::stall_threshold>,
     "report a handler that holds up all others for DURATION (0: none)",
     "Report a handler that holds up all others for DURATION. 0: none."},

    {"config", &file, run_section, "", set<parse_file_name, &Options::config>,
     "read settings from FILE and conf.d/*.conf beside it",
     "Read settings from FILE and `conf.d/*.conf` beside it. There is none by default; the service units "
     "name `/etc/reactord/reactord.conf`.",
     'c'},
    {"instance", &name, run_section, "", set<parse_instance_name, &Options::instance>,
     "read instances/NAME.conf beside FILE, too, where it is there",
     "Read `instances/NAME.conf` beside FILE last, where it is there. Its listeners take the place of all "
     "others in the files."},
    {"check", nullptr, run_section, "", raise<&Options::check>,
     "print what is wrong, or which settings are in force; serve nothing",
     "Read options and files, and exit without serving. Print every mistake in them; or, without a mistake, "
     "the settings in force, as a configuration in which each setting says where it is from. No socket is "
     "opened, and none need be passed."},
    {"quiet", nullptr, run_section, "", raise<&Options::quiet>, "with --check: print only what is wrong",
     "With `--check`: print only what is wrong."},
    {"inetd", &protocol, run_section, "", set_inetd, "serve the connection that is standard input, and exit",
     "Serve the one connection that is standard input, and exit when it ends: for `inetd(8)`, s6-tcpserver, "
     "or a socket unit with `Accept=yes` and a service with `StandardInput=socket`. The signals are those "
     "below, but `SIGHUP` is ignored. Where standard error is that connection too, nothing is logged and no "
     "mistake is printed: the exit status has it. The connection is given back blocking, if it was lent so."},

    {"help", nullptr, about_section, "", raise<&Options::help>, "print this text",
     "Print all options with what holds without them."},
    {"version", nullptr, about_section, "", raise<&Options::version>, "print the version",
     "Print the version."},
};

}  // namespace

bool is_limit(const Setting& setting) noexcept {
  return setting.section == slow || setting.section == much || setting.section == many;
}

std::span<const Setting> common_settings() noexcept { return table; }

}  // namespace reactord

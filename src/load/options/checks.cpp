// Checks: whether the options go together. It also fills in derived options: parsed templates, and texts by default.
#include <utility>

#include "load/options/options.hpp"
#include "load/result/threshold.hpp"

namespace reactord::load {
namespace {

constexpr std::uint64_t most_expected = 1024 * 1024 * 1024;  // bytes of replies that one connection waits for
constexpr std::string_view usual_text = "reactord-load {conn} {seq}\\n";

std::unexpected<std::string> wrong(std::string text) { return std::unexpected(std::move(text)); }

Parsed<void> check_counts(LoadOptions& options) {
  if (options.connections == 0 && options.hold == 0) {
    return wrong("-c 0: nothing would be done: at least 1, or --hold NUMBER beside it");
  }
  const std::uint64_t most = options.connections > 0 ? options.connections : options.hold;
  if (options.processes > most) {
    return wrong("-t " + std::to_string(options.processes) + ": at most one process for each of the " +
                 std::to_string(most) + " connections");
  }
  return {};
}

Parsed<void> check_loop(LoadOptions& options) {
  if (options.connect_rate > 0 && options.rate > 0) {
    return wrong("--connect-rate: is the rate of requests too, one on each connection: leave out -R");
  }
  if (options.connect_rate > 0) {
    options.connection_per_request = true;
    options.rate = options.connect_rate;
  }
  if (options.connection_per_request && options.depth > 1) {
    return wrong("-P " + std::to_string(options.depth) +
                 ": a connection for each request has one in flight: leave out -P, or what asks for a new "
                 "connection each");
  }
  if (options.poisson && options.rate == 0 && options.slo.empty()) {
    return wrong("--poisson: needs a rate: add -R RATE, as in -R 5000");
  }
  if (options.connections == 0 && (options.rate > 0 || !options.slo.empty())) {
    return wrong("-c 0: a rate needs connections to send on: at least 1");
  }
  return {};
}

// A script of "repeat forever, send, expect, end" does the same as a run without a script, so it may have a rate and a
// depth. Without the repeat it is a connection for each request.
bool take_exchange_from_script(LoadOptions& options) {
  if (options.script->scenarios.size() != 1) return false;
  std::vector<ScriptStep>& steps = options.script->scenarios.front().steps;
  using Kind = ScriptStep::Kind;
  const bool repeats = steps.size() == 4 && steps[0].kind == Kind::repeat && steps[0].count == 0;
  const std::size_t first = repeats ? 1 : 0;
  if (!repeats && steps.size() != 2) return false;
  if (steps[first].kind != Kind::send || steps[first + 1].kind != Kind::expect) return false;
  options.send = std::move(steps[first].text);
  options.expect = std::move(steps[first + 1].text);
  options.connection_per_request = options.connection_per_request || !repeats;
  options.script.reset();
  return true;
}

Parsed<void> check_script(LoadOptions& options) {
  if (!options.script) return {};
  const char* const said_twice = !options.send_text.empty()     ? "--send"
                                 : !options.expect_text.empty() ? "--expect"
                                                                : nullptr;
  if (said_twice != nullptr) {
    return wrong(std::string(said_twice) + ": the script says what is sent: leave out one of the two");
  }
  const char* const paced = options.depth > 1                ? "-P"
                            : options.rate > 0               ? "-R"
                            : options.connect_rate > 0       ? "--connect-rate"
                            : !options.slo.empty()           ? "--slo"
                            : options.connection_per_request ? "--connection-per-request"
                                                             : nullptr;
  if (paced == nullptr || take_exchange_from_script(options)) return {};
  return wrong(std::string(paced) +
               ": the script says when it sends: leave out one of the two, or let the script be no more than "
               "repeat forever, send, expect, end");
}

Parsed<void> check_conditions(LoadOptions& options) {
  for (const std::string& text : options.fail_if) {
    const auto condition = parse_threshold(text);
    if (!condition) return wrong("--fail-if " + condition.error());
  }
  if (options.slo.empty()) return {};
  const auto condition = parse_threshold(options.slo);
  if (!condition) return wrong("--slo " + condition.error());
  return {};
}

Parsed<Template> parse_template(const char* option, const std::string& text) {
  auto parsed = Template::parse(text, ".");
  if (parsed) return std::move(*parsed);
  return wrong(std::string(option) + " '" + text + "': at byte " + std::to_string(parsed.error().at + 1) +
               ": " + parsed.error().what);
}

// Adds the texts of the protocol to those that were given.
Parsed<void> fill_texts(LoadOptions& options, std::string& send, std::string& expect) {
  if (options.protocol == "raw") {
    if (send.empty()) return wrong("raw: needs --send TEMPLATE, as in --send 'PING\\r\\n'");
    return {};
  }
  if (send.empty()) send = usual_text;
  if (!send.ends_with("\\n") && !send.ends_with('\n') && options.protocol == "line") send += "\\n";
  if (!expect.empty()) return {};
  expect = options.protocol == "line" ? "Server: " + send : send;
  return {};
}

Parsed<void> check_request(const Template& request) {
  if (request.most_bytes() > 0 && request.most_bytes() <= longest_request) return {};
  return wrong("--send: a request must have from 1 to " + std::to_string(longest_request) +
               " bytes, this one has " + std::to_string(request.most_bytes()));
}

// One Buffer holds all bytes that a connection waits for.
Parsed<void> check_replies(const LoadOptions& options) {
  if (!options.expect) return {};
  const std::uint64_t most = options.expect->most_bytes();
  if (most == 0 || options.depth <= most_expected / most) return {};
  return wrong("-P " + std::to_string(options.depth) + ": so many replies of up to " + std::to_string(most) +
               " bytes are more than the " + std::to_string(most_expected) +
               " bytes that a connection may wait for: fewer, or shorter ones");
}

Parsed<void> read_texts(LoadOptions& options) {
  if (options.script) return {};
  if (options.send) return check_request(*options.send);  // taken from a script
  std::string send = options.send_text, expect = options.expect_text;
  const auto filled = fill_texts(options, send, expect);
  if (!filled) return filled;
  auto request = parse_template("--send", send);
  if (!request) return wrong(std::move(request).error());
  const auto fits = check_request(*request);
  if (!fits) return fits;
  options.send = std::move(*request);
  if (expect.empty()) return {};
  auto reply = parse_template(options.expect_text.empty() ? "--send" : "--expect", expect);
  if (!reply) return wrong(std::move(reply).error());
  if (reply->most_bytes() == 0)
    return wrong("--expect: must not be empty: leave it out, and any line is a reply");
  options.expect = std::move(*reply);
  return {};
}

}  // namespace

Parsed<void> complete_options(LoadOptions& options) {
  if (!options.compare.empty()) return check_conditions(options);
  // The script comes first: an option that it excludes is then reported as that, and not for another reason.
  for (const auto check : {check_script, check_counts, check_loop, check_conditions}) {
    const auto checked = check(options);
    if (!checked) return checked;
  }
  if (const auto read = read_texts(options); !read) return read;
  return check_replies(options);
}

}  // namespace reactord::load

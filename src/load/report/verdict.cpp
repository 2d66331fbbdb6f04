#include "load/report/verdict.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "load/result/text.hpp"
#include "load/result/threshold.hpp"

namespace reactord::load {
namespace {

constexpr const char* bottleneck_remark = " (the generator was the bottleneck: it says little of the server)";
constexpr std::size_t shown_errors = 3;  // further kinds are only counted

// The worst status first.
constexpr std::array<int, 4> ranks{exit_interrupted, exit_wrong_reply, exit_failed, exit_condition};

auto rank_of(int status) { return std::ranges::find(ranks, status); }

bool is_of_reply(std::string_view name) { return name.starts_with("reply "); }

// "reply lost eof 4: an example, connect ECONNREFUSED 3: another"
std::string list_of(const std::vector<std::pair<std::string, LoadError>>& errors) {
  std::string list;
  for (std::size_t index = 0; index < std::min(errors.size(), shown_errors); ++index) {
    const auto& [name, error] = errors[index];
    list += (index > 0 ? "; " : "") + name + " " + std::to_string(error.count);
    if (!error.first_example.empty()) list += ": " + error.first_example;
  }
  if (errors.size() > shown_errors)
    list += "; and " + std::to_string(errors.size() - shown_errors) + " other kinds";
  return list;
}

void add_errors(Verdict& verdict, const LoadResult& result) {
  std::vector<std::pair<std::string, LoadError>> of_replies, others;
  for (const auto& error : result.errors) {
    if (error.second.count > 0) (is_of_reply(error.first) ? of_replies : others).push_back(error);
  }
  if (!of_replies.empty())
    verdict.add(exit_wrong_reply, "replies were wrong or missing: " + list_of(of_replies));
  if (!others.empty()) verdict.add(exit_failed, "errors: " + list_of(others));
}

// A script awaits replies only if one of its scenarios both sends and expects.
bool awaits_replies(const LoadOptions& options) {
  if (!options.script) return options.connections > 0;
  using Kind = ScriptStep::Kind;
  return std::ranges::any_of(options.script->scenarios, [](const Scenario& scenario) {
    bool sends = false, expects = false;
    for (const ScriptStep& step : scenario.steps) {
      sends = sends || step.kind == Kind::send || step.kind == Kind::trickle;
      expects = expects || step.kind == Kind::expect || step.kind == Kind::expect_line;
    }
    return sends && expects;
  });
}

// Says what the run failed to do at all. Empty: something was done.
std::string nothing_done(const LoadOptions& options, const LoadResult& result) {
  if (result.connections_opened == 0) return "no connection was opened";
  if (!awaits_replies(options) || result.requests > 0 || result.response.count() > 0) return "";
  return result.sent == 0 ? "no request was sent within the time" : "nothing was answered";
}

void add_connections(Verdict& verdict, const LoadOptions& options, const LoadResult& result) {
  if (options.connection_per_request || result.interrupted) return;
  if (result.connections_opened >= result.connections_wanted || result.connections_opened == 0) return;
  verdict.add(exit_failed, std::to_string(result.connections_opened) + " connections were opened, " +
                               std::to_string(result.connections_wanted) + " were wanted");
}

}  // namespace

void Verdict::add(int status, std::string why) { reasons_.push_back({status, std::move(why)}); }

int Verdict::status() const noexcept {
  int worst = 0;
  for (const Reason& reason : reasons_) {
    if (worst == 0 || rank_of(reason.status) < rank_of(worst)) worst = reason.status;
  }
  return worst;
}

std::string Verdict::why() const {
  std::string text;
  for (const int status : ranks) {
    for (const Reason& reason : reasons_) {
      if (reason.status == status) text += (text.empty() ? "" : "; ") + reason.why;
    }
  }
  return printable(text);
}

void add_conditions(Verdict& verdict, const LoadOptions& options, const LoadResult& result) {
  for (const std::string& text : options.fail_if) {
    const auto condition = parse_threshold(text);
    if (!condition || !is_failure(*condition, result)) continue;
    verdict.add(exit_condition, "--fail-if " + judge(*condition, result).text +
                                    (result.is_bottleneck ? bottleneck_remark : ""));
  }
}

Verdict judge_run(const LoadOptions& options, const LoadResult& result) {
  Verdict verdict;
  add_errors(verdict, result);  // first: errors cause the failures below
  const std::string nothing = nothing_done(options, result);
  if (!nothing.empty() && result.interrupted) {
    verdict.add(exit_interrupted, "ended by a signal before anything was answered");
  } else if (!nothing.empty()) {
    verdict.add(exit_failed, nothing);
  }
  if (result.unsent_by_generator > 0) {
    verdict.add(exit_failed, "the generator itself was late: " + std::to_string(result.unsent_by_generator) +
                                 " requests were never sent, which says nothing of the server");
  }
  add_connections(verdict, options, result);
  add_conditions(verdict, options, result);
  return verdict;
}

}  // namespace reactord::load

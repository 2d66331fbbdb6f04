#include "load/script/script_flow.hpp"

namespace reactord::load {
namespace {

using Kind = ScriptStep::Kind;

enum Side : std::size_t { connection, sending, reading };

std::unexpected<Diagnostic> wrong(std::string what, unsigned line, unsigned column) {
  return std::unexpected(Diagnostic{std::move(what), line, column});
}

bool needs(Kind kind, std::size_t side) {
  switch (kind) {
    case Kind::send:
    case Kind::trickle:
    case Kind::half_close:
      return side != reading;
    case Kind::expect:
    case Kind::expect_line:
    case Kind::expect_end:
      return side != sending;
    case Kind::reset:
    case Kind::close:
    case Kind::slow_read:
      return side == connection;
    default:
      return false;
  }
}

std::string of_line(unsigned line) { return "in line " + std::to_string(line); }

}  // namespace

Checked ScriptFlow::add(ScriptStep step, std::vector<ScriptStep>& steps) {
  if (never_ends_ != 0 && step.kind != Kind::end) {
    return wrong("this step never runs: the repeat forever " + of_line(never_ends_) + " does not end",
                 step.line, step.column);
  }
  Checked checked;
  if (step.kind == Kind::repeat) {
    checked = begin_round(step, steps);
  } else if (step.kind == Kind::end) {
    checked = end_round(step, steps);
  } else {
    checked = use(step);
    change(step);
  }
  if (checked) steps.push_back(std::move(step));
  return checked;
}

Checked ScriptFlow::finish(const std::vector<ScriptStep>& steps) const {
  if (rounds_.empty()) return {};
  const ScriptStep& open = steps[rounds_.back().repeat];
  return wrong("this repeat has no end: write end behind its last step", open.line, open.column);
}

Checked ScriptFlow::begin_round(const ScriptStep& step, const std::vector<ScriptStep>& steps) {
  if (rounds_.size() == most_nested_repeats) {
    return wrong("more than " + std::to_string(most_nested_repeats) + " repeats within each other", step.line,
                 step.column);
  }
  rounds_.push_back({steps.size(), {}, false, false});
  return {};
}

Checked ScriptFlow::end_round(ScriptStep& step, std::vector<ScriptStep>& steps) {
  if (rounds_.empty())
    return wrong("this end has no repeat: remove it, or write repeat before", step.line, step.column);
  const Round round = rounds_.back();
  rounds_.pop_back();
  ScriptStep& repeat = steps[round.repeat];
  if (!round.has_waited) {
    return wrong("nothing to repeat: write a send, expect or sleep between repeat and end", repeat.line,
                 repeat.column);
  }
  for (std::size_t side = 0; side < sides; ++side) {
    const Use& first = round.first_use[side];
    if (repeat.count == 1 || never_ends_ != 0 || lost_[side] == 0 || first.line == 0) continue;
    return wrong("in the second round, " + lost_sentence(side), first.line, first.column);
  }
  repeat.target = steps.size() + 1;
  step.target = round.repeat;
  if (repeat.count == 0 && never_ends_ == 0) never_ends_ = repeat.line;
  return {};
}

Checked ScriptFlow::use(const ScriptStep& step) {
  for (std::size_t side = 0; side < sides; ++side) {
    if (!needs(step.kind, side)) continue;
    if (lost_[side] != 0) return wrong(lost_sentence(side), step.line, step.column);
    for (Round& round : rounds_) {
      if (!round.has_connected && round.first_use[side].line == 0)
        round.first_use[side] = {step.line, step.column};
    }
  }
  if (step.kind == Kind::expect && !has_sent_) {
    return wrong("expect before any send: what a server says by itself is awaited with expect-line",
                 step.line, step.column);
  }
  return {};
}

void ScriptFlow::change(const ScriptStep& step) {
  if (step.kind == Kind::connect) {
    lost_ = {};
    has_sent_ = false;
  }
  if (step.kind == Kind::close || step.kind == Kind::reset) lost_[connection] = step.line;
  if (step.kind == Kind::half_close) lost_[sending] = step.line;
  if (step.kind == Kind::expect_end) lost_[reading] = step.line;
  if (step.kind == Kind::send || step.kind == Kind::trickle) has_sent_ = true;
  for (Round& round : rounds_) {
    round.has_connected |= step.kind == Kind::connect;
    round.has_waited |= step.kind != Kind::slow_read;
  }
}

std::string ScriptFlow::lost_sentence(std::size_t side) const {
  if (side == sending) {
    return "nothing can be sent after the half-close " + of_line(lost_[side]) + ": write connect before";
  }
  if (side == reading) {
    return "nothing comes after the expect-end " + of_line(lost_[side]) + ": write connect before";
  }
  return "the connection was ended " + of_line(lost_[side]) + ": write connect before";
}

}  // namespace reactord::load

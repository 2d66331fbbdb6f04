#include "control/top_sampler.hpp"

#include <array>
#include <utility>

#include "control/control_client.hpp"
#include "reactord/line_splitter.hpp"

namespace reactord::control {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  LineSplitter splitter;
  std::string_view line;
  while (splitter.next(text, line) == LineSplitter::Found::line) lines.emplace_back(line);
  return lines;
}

}  // namespace

Task<Outcome> TopSampler::add(std::string command, Refusal refusal, Reader reader, TopSample& into) {
  Task<TopSession::Answered> asking = session_.ask(std::move(command));
  auto answered = co_await std::move(asking);
  if (answered.outcome.status == exit_refused && refusal == Refusal::is_right) co_return Outcome{};
  if (answered.outcome.status != exit_done) co_return std::move(answered.outcome);
  const auto is_read = reader(answered.text, into);
  if (!is_read) co_return Outcome{exit_unanswered, session_.socket() + ": " + is_read.error()};
  co_return Outcome{};
}

Task<TopSampler::Taken> TopSampler::take(Wanted wanted) {
  struct Part {
    const char* command;
    Refusal refusal;
    Reader reader;
  };
  static constexpr std::array<Part, 4> parts{{{"stats --json", Refusal::fails, read_stats},
                                              {"limits --json", Refusal::is_right, read_limits},
                                              {"metrics", Refusal::is_right, read_daemon_metrics},
                                              {"programs --json", Refusal::is_right, read_programs}}};
  Taken taken;
  for (const Part& part : parts) {
    Task<Outcome> adding = add(part.command, part.refusal, part.reader, taken.sample);
    auto added = co_await std::move(adding);
    taken.outcome = std::move(added);
    if (taken.outcome.status != exit_done) co_return taken;
    if (part.refusal == Refusal::fails) {
      taken.sample.at = session_.now();
      taken.asked_on = session_.number();
    }
  }
  if (wanted.query) {
    Task<Outcome> adding =
        add("connections " + *wanted.query + " --json", Refusal::fails, read_connections, taken.sample);
    auto added = co_await std::move(adding);
    if (added.status == exit_refused) taken.mistake = std::move(added.why);
    if (added.status > exit_refused) taken.outcome = std::move(added);
  }
  if (wanted.connection && taken.outcome.status == exit_done) {
    Task<TopSession::Answered> asking = session_.ask("connection " + std::to_string(*wanted.connection));
    auto answered = co_await std::move(asking);
    taken.connection = lines_of(answered.text);
    if (answered.outcome.status != exit_done) taken.connection = {answered.outcome.why};
  }
  if (taken.asked_on != session_.number()) taken.asked_on = 0;
  co_return taken;
}

}  // namespace reactord::control

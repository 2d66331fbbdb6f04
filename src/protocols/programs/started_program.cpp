#include "protocols/programs/started_program.hpp"

#include <utility>

#include "base/child_pipe.hpp"

namespace reactord {

Result<StartedProgram> start_program(Reactor& reactor, const ProgramSettings& settings,
                                     std::vector<std::string> environment, LaunchReserve* reserve) {
  auto input = ChildPipe::to_child();
  if (!input) return std::unexpected(std::move(input).error());
  auto output = settings.terminal ? ChildPipe::terminal() : ChildPipe::from_child();
  if (!output) return std::unexpected(std::move(output).error());
  auto errors = ChildPipe::from_child();
  if (!errors) return std::unexpected(std::move(errors).error());
  if (settings.user_ids) {
    for (ChildPipe* pipe : {&*input, &*output, &*errors}) {
      auto given = pipe->give_to(*settings.user_ids);
      if (!given) return std::unexpected(std::move(given).error());
    }
  }
  const Launch launch{.command = settings.command,
                      .environment = std::move(environment),
                      .directory = settings.directory,
                      .user = settings.user_ids,
                      .input = input->theirs.get(),
                      .output = output->theirs.get(),
                      .errors = errors->theirs.get(),
                      .reserve = reserve};
  auto child = ChildProcess::start(reactor, launch);
  if (!child) return std::unexpected(std::move(child).error());
  return StartedProgram{.child = std::move(*child),
                        .input = std::move(input->ours),
                        .output = std::move(output->ours),
                        .errors = std::move(errors->ours)};
}

}  // namespace reactord

#include "protocols/programs/program_check.hpp"

#include "base/launch_check.hpp"
#include "protocols/programs/program_environment.hpp"

namespace reactord {

Result<void> check_program(const ProgramSettings& settings) {
  Launch launch;
  launch.command = settings.command;
  launch.environment = ProgramEnvironment(settings).of_all();
  launch.directory = settings.directory;
  launch.user = settings.user_ids;
  return check_launch(launch);
}

}  // namespace reactord

#include "base/launch.hpp"

#include <unistd.h>
#include <cassert>

#include <algorithm>
#include <array>
#include <utility>

#include "base/launch_check.hpp"
#include "base/launch_reserve.hpp"
#include "base/system_child.hpp"
#include "base/system_process.hpp"

namespace reactord {
namespace {

using system::ChildPlan;
using system::ChildStep;

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));  // only read
  pointers.push_back(nullptr);
  return pointers;
}

// An unprivileged process that names itself asks for nothing, and setgroups(2) would refuse it.
bool changes_user(const std::optional<UserIds>& user) {
  if (!user) return false;
  return ::geteuid() == 0 || user->user != ::geteuid() || user->group != ::getegid();
}

void set_user(ChildPlan& plan, const UserIds& user) {
  plan.changes_user = true;
  plan.user = user.user;
  plan.group = user.group;
  plan.groups = user.supplementary.data();
  plan.group_count = user.supplementary.size();
}

ChildPlan plan_of(const Launch& launch) {
  ChildPlan plan;
  if (!launch.directory.empty()) plan.directory = launch.directory.c_str();
  if (changes_user(launch.user)) set_user(plan, *launch.user);
  plan.limit = system::descriptor_limit_of_children();
  return plan;
}

Error named(int number, const char* operation, std::string object) {
  return Error::from_errno(number).with_operation(operation, "", "", std::move(object));
}

std::array<int, 3> files_of(const Launch& launch) { return {launch.input, launch.output, launch.errors}; }

Error descriptor_error(const ChildPlan& plan, const Launch& launch) {
  const std::array<int, 3> given = files_of(launch);
  const std::string object =
      std::to_string(given[plan.failed_index]) + " to " + std::to_string(plan.failed_index);
  return named(plan.failure, "dup2", object);
}

Error error_of(const ChildPlan& plan, const Launch& launch, const std::string& path) {
  switch (plan.failed) {
    case ChildStep::none:
    case ChildStep::program:
      break;
    case ChildStep::table:
      return named(plan.failure, "close_range", path);
    case ChildStep::group:
      return named(plan.failure, "setpgid", path);
    case ChildStep::descriptors:
      return descriptor_error(plan, launch);
    case ChildStep::limit:
      return named(plan.failure, "setrlimit", std::to_string(plan.limit.rlim_cur) + " descriptors");
    case ChildStep::groups:
      return named(plan.failure, "setgroups", "of user " + std::to_string(plan.user));
    case ChildStep::group_id:
      return named(plan.failure, "setgid", std::to_string(plan.group));
    case ChildStep::user_id:
      return named(plan.failure, "setuid", std::to_string(plan.user));
    case ChildStep::death:
      return named(plan.failure, "prctl", path);
    case ChildStep::directory:
      return named(plan.failure, "chdir", launch.directory);
  }
  return exec_error(launch, path, plan.failure);
}

pid_t start(ChildPlan& plan, const Launch& launch, int& pidfd) {
  if (launch.reserve == nullptr) {
    std::ranges::copy(files_of(launch), plan.descriptors);
    return system::start_child(plan, system::ChildStack(), pidfd);
  }
  const LaunchReserve::Placed placed(*launch.reserve, files_of(launch));
  std::ranges::copy(placed.numbers(), plan.descriptors);
  return system::start_child(plan, launch.reserve->stack(), pidfd);
}

}  // namespace

Result<Launched> launch(const Launch& launch) {
  assert(launch.input >= 0 && launch.output >= 0 && launch.errors >= 0);
  auto path = find_program(launch);
  if (!path) return std::unexpected(std::move(path).error());
  const std::vector<char*> words = pointers_to(launch.command);
  const std::vector<char*> environment = pointers_to(launch.environment);
  ChildPlan plan = plan_of(launch);
  plan.path = path->c_str();
  plan.words = words.data();
  plan.environment = environment.data();
  system::keep_children_reapable();
  int pidfd = -1;
  const pid_t pid = start(plan, launch, pidfd);
  if (pid < 0) return std::unexpected(Error::from_errno(-pid, "clone").with_operation("exec", "", "", *path));
  Launched launched{.pid = pid, .pidfd = FileDescriptor(pidfd)};
  if (plan.failed == ChildStep::none) return launched;
  siginfo_t ended;
  system::reap_child(pidfd, ended);
  return std::unexpected(error_of(plan, launch, *path));
}

}  // namespace reactord

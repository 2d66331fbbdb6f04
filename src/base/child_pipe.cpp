#include "base/child_pipe.hpp"

#include "base/system_pipes.hpp"

namespace reactord {
namespace {

constexpr int reading = 0, writing = 1;

Result<ChildPipe> make_pipe(int our_end) {
  int ends[2] = {-1, -1};
  const int made = system::pipe(ends);
  if (made < 0) return std::unexpected(Error::from_errno(-made, "pipe2"));
  ChildPipe pipe{.ours = FileDescriptor(ends[our_end]), .theirs = FileDescriptor(ends[1 - our_end])};
  const int set = system::make_nonblocking(pipe.ours.get());
  if (set < 0) return std::unexpected(Error::from_errno(-set, "fcntl"));
  return pipe;
}

}  // namespace

Result<ChildPipe> ChildPipe::to_child() { return make_pipe(writing); }
Result<ChildPipe> ChildPipe::from_child() { return make_pipe(reading); }

Result<ChildPipe> ChildPipe::terminal() {
  int ends[2] = {-1, -1};
  const int made = system::terminal_pair(ends);
  if (made < 0) return std::unexpected(Error::from_errno(-made, "posix_openpt"));
  ChildPipe pipe{.ours = FileDescriptor(ends[0]), .theirs = FileDescriptor(ends[1])};
  const int raw = system::make_terminal_raw(pipe.theirs.get());
  if (raw < 0) return std::unexpected(Error::from_errno(-raw, "tcsetattr"));
  const int set = system::make_nonblocking(pipe.ours.get());
  if (set < 0) return std::unexpected(Error::from_errno(-set, "fcntl"));
  return pipe;
}

Result<void> ChildPipe::give_to(const UserIds& user) {
  const int given = system::set_owner(theirs.get(), user.user, user.group);
  if (given < 0) return std::unexpected(Error::from_errno(-given, "fchown"));
  return {};
}

}  // namespace reactord

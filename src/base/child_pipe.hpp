// ChildPipe: the two ends of a stream between this process and a child, both close-on-exec.
//
//     to_child()     ours: write --> theirs: read    the child's standard input
//     from_child()   ours: read <-- theirs: write    its standard output or error
//     terminal()     ours: read <-- theirs: write    the same for a program that buffers its output unless it is a terminal
//
// Our end is nonblocking, and the child's is blocking, as programs expect. Close `theirs` once the child has been started:
// a reader comes to the end of the stream when nobody has it open any more.
#pragma once

#include "base/file_descriptor.hpp"
#include "base/user_ids.hpp"
#include "reactord/error.hpp"

namespace reactord {

struct ChildPipe {
  FileDescriptor ours, theirs;

  // Errors: those of pipe2(2). EMFILE and ENFILE: no descriptors left.
  static Result<ChildPipe> to_child();
  static Result<ChildPipe> from_child();

  // A pseudo-terminal in raw mode: bytes pass as they are, no echo, \n stays \n. Its end is not that of a pipe: once nobody
  // has `theirs` open and all is read, a read of `ours` fails with EIO. Errors: those of posix_openpt(3); ENOENT and ENOSPC:
  // no terminals here, or no more.
  static Result<ChildPipe> terminal();

  // Gives the child's end to the user that the child will have: else the programs could not open their /dev/stdout.
  // Error: that of fchown(2).
  Result<void> give_to(const UserIds& user);
};

}  // namespace reactord

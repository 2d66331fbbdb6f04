// Launch: a program to be started as a child process, and how it is started without a copy of this process.
//
//     launch() -- clone(CLONE_VM, CLONE_VFORK) --> the child, in our memory and on a stack of its own
//         |                                            signals, group, user, directory, descriptors 0 to 2
//       waits (about 0.1 ms)                           execve(2) --+--> the program
//         |                                                        +--> failed: step and errno, in our memory
//         +<---------------------------------------------------------------+
//
// The program has: default dispositions and an empty mask of signals; a process group of its own, of which it is the
// leader; SIGKILL when the thread that started it ends; the soft limit on descriptors that this process was started with
// (system::raise_descriptor_limit). It has no descriptor but 0, 1 and 2, because every other one of ours is close-on-exec.
// Descriptors that we were started with are so once the program has called system::close_all_on_exec(). The rest, its umask and
// its session among it, is as ours.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/file_descriptor.hpp"
#include "base/user_ids.hpp"
#include "reactord/error.hpp"

namespace reactord {

class LaunchReserve;

struct Launch {
  // At least one word. The first is a path if it has a slash, relative to `directory`; otherwise a name to be found in the
  // PATH of `environment`, or in /usr/local/bin:/usr/bin:/bin where that has none.
  std::vector<std::string> command;
  std::vector<std::string> environment;  // NAME=VALUE, all of it: nothing of ours is added
  std::string directory;                 // empty: ours. It is entered as `user`
  std::optional<UserIds> user;           // none: ours. Others need root
  // They become 0, 1 and 2, and may be any of these numbers themselves. The caller goes on owning them.
  int input = 0, output = 1, errors = 2;
  // Null: a start takes longer the more descriptors this process has, with 10,000 ten times as long.
  LaunchReserve* reserve = nullptr;
};

struct Launched {
  pid_t pid = -1;        // the number of its process group too
  FileDescriptor pidfd;  // readable once it has ended; waitid(2) with P_PIDFD reaps it
};

// Starts the program, and returns once it runs or can't. It blocks all signals of this thread meanwhile. A SIGCHLD that this
// process ignores is set to its default, because the kernel would forget how the child ended. When it fails, there is no
// child.
//
// Errors: those that check_launch() finds, in the same words; those of chdir(2), setgroups(2), setgid(2), setuid(2) and
// dup2(2), each named with its object, as in "chdir /srv/x: permission denied"; and where there are too many processes,
// too little memory or no descriptor, with the errno of clone(2) or mmap(2): temporary() says that a later try may succeed.
Result<Launched> launch(const Launch& launch);

}  // namespace reactord

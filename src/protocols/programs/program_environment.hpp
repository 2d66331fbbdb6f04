// ProgramEnvironment: the environment that the processes of a program have. Nothing of ours passes but what is named here.
//
//     of ours             PATH HOME USER LOGNAME SHELL LANG LANGUAGE LC_* TZ TMPDIR
//     with user=          HOME USER LOGNAME SHELL of that user, and no TMPDIR: ours may be closed to it
//     for each program    PYTHONUNBUFFERED=1 REACTORD_PROGRAM=upper
//     a worker            REACTORD_WORKER=2
//     a connection's      REACTORD_CONNECTION=17
//         over TCP        PROTO=TCP TCPREMOTEIP TCPREMOTEPORT TCPLOCALIP TCPLOCALPORT, as tcpserver and s6 say it
//                         REMOTE_ADDR REMOTE_PORT SERVER_ADDR SERVER_PORT, as CGI says it
//         over unix       PROTO=UNIX UNIXLOCALPATH UNIXREMOTEEUID UNIXREMOTEEGID UNIXREMOTEPID, as ucspi-unix says it
//     the operator's      ProgramSettings::environment: it takes the place of the same name above
//
// A value that is not known has no variable. NOTIFY_SOCKET, LISTEN_FDS, WATCHDOG_USEC and their like are ours alone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocols/programs/program_settings.hpp"
#include "reactord/address.hpp"

namespace reactord {

// A user, as the user database has it. Empty: it has none of that.
struct UserAccount {
  std::string name, home, shell;
};

// The account of `user`; without an entry its name is its number. It may block, as getpwuid(3) does: for a start or a
// reload.
UserAccount account_of(uid_t user);

// A connection, as its process is told of it.
struct ProgramConnection {
  std::uint64_t number = 0;
  Address local, remote;
  std::optional<gid_t> remote_group = {};  // of the peer over unix: SO_PEERCRED of unix(7)
};

class ProgramEnvironment {
 public:
  // `ours`: NAME=VALUE strings and a null, as environ(7). `account`: of settings.user_ids; null where there are none.
  // Nothing of the arguments is used after the call.
  ProgramEnvironment(const ProgramSettings& settings, const char* const* ours, const UserAccount* account);
  // The same with the environment of this process, and account_of() where the settings have a user.
  explicit ProgramEnvironment(const ProgramSettings& settings);

  // Each as Launch::environment: NAME=VALUE, every name once.
  std::vector<std::string> of_worker(unsigned number) const;  // from 1
  std::vector<std::string> of_connection(const ProgramConnection& connection) const;
  const std::vector<std::string>& of_all() const noexcept {
    return all_;
  }  // what is the same for each process

 private:
  std::vector<std::string> all_;
  std::vector<std::string> operators_;
};

}  // namespace reactord

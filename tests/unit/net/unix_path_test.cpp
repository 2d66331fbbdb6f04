// The file of a unix path: one listener at a time, by something that the kernel makes atomic; and its mode and owner.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "reactord/listener.hpp"
#include "support/loopback.hpp"
#include "support/process.hpp"

using reactord::Listener;
using reactord::ListenOptions;
using reactord::Reactor;
using reactord::Result;
using test::Descriptor;
using test::TemporaryDirectory;

namespace {

struct Place {
  Reactor reactor;
  TemporaryDirectory directory;
  std::string path = directory.path("s"), lock = directory.path(".s.reactord-lock");

  Result<Listener> listen(ListenOptions options = {}) {
    return reactord::listen(reactor, "unix", path, std::move(options));
  }
  std::string refusal() {
    auto listener = listen();
    return listener ? "listens" : listener.error().text();
  }
  std::string in_use() const { return "listen unix " + path + ": bind: address already in use"; }
};

// A unix socket that is bound to a path; its file stays when it is closed.
Descriptor bound_socket(const std::string& path, int type = SOCK_STREAM) {
  Descriptor socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return socket;
}

unsigned mode_of(const std::string& path) {
  struct stat file {};
  REQUIRE(::lstat(path.c_str(), &file) == 0);
  return file.st_mode & 07777;
}

}  // namespace

TEST_CASE("a path whose socket is bound and does not listen yet is in use, and its file stays") {
  Place at;
  const Descriptor other = bound_socket(at.path);
  CHECK(at.refusal() == at.in_use());
  CHECK(std::filesystem::exists(at.path));
}

TEST_CASE("to find that a path is in use costs its owner no connection") {
  Place at;
  const Descriptor other = bound_socket(at.path);
  REQUIRE(::listen(other.get(), 4) == 0);
  CHECK(at.refusal() == at.in_use());
  CHECK(::fcntl(other.get(), F_SETFL, O_NONBLOCK) == 0);
  CHECK(::accept(other.get(), nullptr, nullptr) < 0);
}

TEST_CASE("a path at which a datagram socket is bound is in use") {
  Place at;
  const Descriptor other = bound_socket(at.path, SOCK_DGRAM);
  CHECK(at.refusal() == at.in_use());
}

TEST_CASE("a path that somebody else takes over just now is in use") {
  Place at;
  bound_socket(at.path).close();
  const Descriptor lock(::open(at.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::flock(lock.get(), LOCK_EX) == 0);
  CHECK(at.refusal() == at.in_use());
  REQUIRE(::flock(lock.get(), LOCK_UN) == 0);
  CHECK(at.refusal() == "listens");  // a lock file that was left behind keeps nobody out
  CHECK_FALSE(std::filesystem::exists(at.lock));
}

TEST_CASE("what has the name of the lock file and is none stays as it is, and is told") {
  Place at;
  std::ofstream(at.lock) << "precious";
  CHECK(at.refusal() == "listen unix " + at.path + ": lock: file exists");
  CHECK(std::filesystem::file_size(at.lock) == 8);
  std::filesystem::remove(at.lock);
  REQUIRE(::mkfifo(at.lock.c_str(), 0600) == 0);
  CHECK(at.refusal() == "listen unix " + at.path + ": lock: file exists");
  CHECK(std::filesystem::is_fifo(at.lock));
  std::filesystem::remove(at.lock);
  std::filesystem::create_symlink("elsewhere", at.lock);
  CHECK(at.refusal() == "listen unix " + at.path + ": lock: too many levels of symbolic links");
  CHECK(std::filesystem::is_symlink(at.lock));
  std::filesystem::remove(at.lock);
  CHECK(at.refusal() == "listens");
}

TEST_CASE("a listener removes its file also while somebody who will be refused holds the lock") {
  Place at;
  auto listener = at.listen();
  REQUIRE(listener.has_value());
  const Descriptor lock(::open(at.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::flock(lock.get(), LOCK_EX) == 0);
  CHECK(listener->close().has_value());
  CHECK_FALSE(std::filesystem::exists(at.path));
}

TEST_CASE("a path as long as the kernel takes it, without an end, can be adopted and removed") {
  Place at;
  const std::string path = at.path + std::string(108 - at.path.size(), 'x');
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(address.sun_path, sizeof address.sun_path);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(socket.get(), 4) == 0);
  auto listener = reactord::adopt_listener(at.reactor, ::dup(socket.get()));
  REQUIRE(listener.has_value());
  listener->set_unlink_on_close(true);
  CHECK(listener->close().has_value());
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a file that is no socket stays, and its path is in use") {
  Place at;
  std::ofstream(at.path) << "precious";
  CHECK(at.refusal() == at.in_use());
  CHECK(std::filesystem::file_size(at.path) == 8);
  std::filesystem::remove(at.path);
  std::filesystem::create_symlink("elsewhere", at.path);
  CHECK(at.refusal() == at.in_use());
  CHECK(std::filesystem::is_symlink(at.path));
}

TEST_CASE(
    "a listener whose path has become another's neither removes that file nor takes itself for reachable") {
  Place at;
  auto first = at.listen();
  REQUIRE(first.has_value());
  CHECK(first->is_reachable());
  std::filesystem::remove(at.path);
  CHECK_FALSE(first->is_reachable());
  auto second = at.listen();
  REQUIRE(second.has_value());
  CHECK_FALSE(first->is_reachable());
  CHECK(second->is_reachable());
  CHECK(first->close().has_value());
  CHECK(second->is_reachable());
  CHECK(second->close().has_value());
  CHECK_FALSE(second->is_reachable());
  CHECK_FALSE(std::filesystem::exists(at.path));
}

TEST_CASE("the file of a unix path has the mode that was asked for, whatever the umask is") {
  for (const mode_t mask : {0000U, 0022U, 0077U, 0777U}) {
    for (const unsigned mode : {0600U, 0660U, 0666U, 0777U, 0000U}) {
      Place at;
      ListenOptions options;
      options.file.mode = mode;
      const mode_t before = ::umask(mask);
      auto listener = at.listen(std::move(options));
      ::umask(before);
      REQUIRE(listener.has_value());
      CHECK(mode_of(at.path) == mode);
    }
  }
}

TEST_CASE("the file of a unix path has the owner and the group that were asked for") {
  if (::geteuid() != 0) return;  // who else may give files away
  Place at;
  ListenOptions options;
  options.file = {.mode = 0660, .owner = 1, .group = 2};
  auto listener = at.listen(std::move(options));
  REQUIRE(listener.has_value());
  struct stat file {};
  REQUIRE(::lstat(at.path.c_str(), &file) == 0);
  CHECK(file.st_uid == 1);
  CHECK(file.st_gid == 2);
  CHECK((file.st_mode & 07777) == 0660);
}

// Errors print exactly as Go prints them, and copy as values.
#include <doctest/doctest.h>

#include <cerrno>

#include "reactord/error.hpp"

using reactord::errno_text;
using reactord::Error;
using reactord::ErrorCode;

TEST_CASE("an error prints as Go's OpError does") {
  CHECK(Error::from_errno(EADDRINUSE, "bind").with_operation("listen", "tcp", "", ":9090").text() ==
        "listen tcp :9090: bind: address already in use");
  CHECK(Error(ErrorCode::deadline_exceeded)
            .with_operation("read", "tcp", "127.0.0.1:1", "127.0.0.1:2")
            .text() == "read tcp 127.0.0.1:1->127.0.0.1:2: i/o timeout");
  CHECK(Error::from_errno(ECONNREFUSED, "connect").with_operation("dial", "tcp", "", "[::1]:80").text() ==
        "dial tcp [::1]:80: connect: connection refused");
  CHECK(Error(ErrorCode::closed).with_operation("accept", "unix", "", "@name").text() ==
        "accept unix @name: use of closed network connection");
  CHECK(Error::invalid("address localhost: missing port in address")
            .with_operation("listen", "tcp", "", "")
            .text() == "listen tcp: address localhost: missing port in address");
}

TEST_CASE("end of file is bare, whatever operation meets it") {
  CHECK(Error(ErrorCode::eof).text() == "EOF");
  CHECK(Error(ErrorCode::eof).with_operation("read", "tcp", "a", "b").text() == "EOF");
}

TEST_CASE("the reason is the last part alone") {
  CHECK(Error::from_errno(EPIPE, "write").with_operation("write", "tcp", "a", "b").reason() == "broken pipe");
  CHECK(Error::invalid("what was wrong").reason() == "what was wrong");
  CHECK(Error(ErrorCode::invalid).reason() == "invalid argument");
  CHECK(Error(ErrorCode::cancelled).reason() == "operation was canceled");
  CHECK(Error(ErrorCode::line_too_long).reason() == "line too long");
  CHECK(Error(ErrorCode::busy).reason() == "another operation of this kind is pending on the connection");
}

TEST_CASE("errno in Go's words") {
  CHECK(errno_text(ECONNREFUSED) == "connection refused");
  CHECK(errno_text(ECONNRESET) == "connection reset by peer");
  CHECK(errno_text(EMFILE) == "too many open files");
  CHECK(errno_text(EADDRNOTAVAIL) == "cannot assign requested address");
  CHECK(errno_text(EACCES) == "permission denied");
  CHECK(errno_text(ENOENT) == "no such file or directory");
  CHECK(errno_text(EDOTDOT) == "RFS specific error");
  CHECK(errno_text(99'999) == "errno 99999");
}

TEST_CASE("an error is a value: copies are equal and independent") {
  auto original = Error::from_errno(ECONNRESET, "read").with_operation("read", "tcp", "a", "b");
  const std::string text = original.text();
  const Error copy(original);
  Error assigned(ErrorCode::eof);
  assigned = original;
  CHECK(copy.text() == text);
  CHECK(assigned.text() == text);

  const Error moved(std::move(original));
  CHECK(moved.text() == text);
  const Error& itself = assigned;
  assigned = itself;
  CHECK(assigned.text() == text);
  assigned = Error(ErrorCode::closed);
  CHECK(assigned.text() == "use of closed network connection");
  CHECK(copy.text() == text);
}

TEST_CASE("predicates say what a caller asks") {
  CHECK(Error(ErrorCode::eof).is_eof());
  CHECK(Error(ErrorCode::closed).is_closed());
  CHECK(Error(ErrorCode::cancelled).is_cancelled());
  CHECK(Error(ErrorCode::deadline_exceeded).timeout());
  CHECK(Error::from_errno(ETIMEDOUT).timeout());
  CHECK(Error::from_errno(ECONNRESET).is_reset());
  CHECK(Error::from_errno(EPIPE).is_reset());
  CHECK_FALSE(Error::from_errno(ECONNREFUSED).is_reset());
  CHECK_FALSE(Error(ErrorCode::closed).timeout());
  CHECK_FALSE(Error(ErrorCode::closed).is_eof());
  CHECK(Error(ErrorCode::busy) == ErrorCode::busy);
  CHECK(Error::from_errno(EPIPE).system_errno() == EPIPE);
  CHECK(Error(ErrorCode::eof).system_errno() == 0);
  CHECK(sizeof(Error) <= 16);
}

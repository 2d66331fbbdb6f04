// Errors print exactly as Go prints them, and copy as values.
#include <doctest/doctest.h>
#include <netdb.h>

#include <cerrno>
#include <type_traits>

#include "reactord/context.hpp"
#include "reactord/error.hpp"
#include "reactord/listener.hpp"

using reactord::errno_text;
using reactord::Error;
using reactord::ErrorCode;

TEST_CASE("[113] an error prints as Go's OpError does") {
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

TEST_CASE("[114] end of file is bare, whatever operation meets it") {
  CHECK(Error(ErrorCode::eof).text() == "EOF");
  const Error end = Error(ErrorCode::eof).with_operation("read", "tcp", "a", "b");
  CHECK(end.text() == "EOF");
  CHECK(end.operation().empty());
  CHECK_FALSE(end.timeout());
  CHECK_FALSE(end.temporary());
}

TEST_CASE("the reason is the last part alone") {
  CHECK(Error::from_errno(EPIPE, "write").with_operation("write", "tcp", "a", "b").reason() == "broken pipe");
  CHECK(Error::invalid("what was wrong").reason() == "what was wrong");
  CHECK(Error(ErrorCode::invalid).reason() == "invalid argument");
  CHECK(Error(ErrorCode::cancelled).reason() == "operation was canceled");
  CHECK(Error(ErrorCode::line_too_long).reason() == "line too long");
  CHECK(Error(ErrorCode::busy).reason() == "another operation of this kind is pending on the connection");
}

TEST_CASE("[112] an error knows its operation, network, source and address, as far as there are such") {
  const Error read = Error(ErrorCode::closed).with_operation("read", "tcp", "127.0.0.1:1", "127.0.0.1:2");
  CHECK(read.operation() == "read");
  CHECK(read.network() == "tcp");
  CHECK(read.source() == "127.0.0.1:1");
  CHECK(read.address() == "127.0.0.1:2");
  const Error listening = Error::from_errno(EACCES, "bind").with_operation("listen", "unix", "", "/x");
  CHECK(listening.operation() == "listen");
  CHECK(listening.source().empty());
  CHECK(listening.address() == "/x");
  CHECK(listening.system_errno() == EACCES);
  const Error bare = Error::from_errno(EACCES);
  CHECK(bare.operation().empty());
  CHECK(bare.network().empty());
  CHECK(bare.source().empty());
  CHECK(bare.address().empty());
}

TEST_CASE("[113] an operation at one end has one address, no network has none, and nothing leaves a gap") {
  const auto text = [](const char* network, const char* source, const char* address) {
    return Error(ErrorCode::closed).with_operation("op", network, source, address).text();
  };
  const std::string closed = ": use of closed network connection";
  CHECK(text("tcp", "a", "b") == "op tcp a->b" + closed);
  CHECK(text("tcp", "", "b") == "op tcp b" + closed);
  CHECK(text("tcp", "a", "") == "op tcp a" + closed);
  CHECK(text("tcp", "", "") == "op tcp" + closed);
  CHECK(text("", "", "b") == "op b" + closed);
  CHECK(text("", "", "") == "op" + closed);
}

TEST_CASE("[115] which errno is a timeout, and which passes") {
  for (const int number : {EAGAIN, ETIMEDOUT}) {
    CHECK(Error::from_errno(number).timeout());
    CHECK(Error::from_errno(number).temporary());
  }
  for (const int number : {EINTR, EMFILE, ENFILE}) {
    CHECK_FALSE(Error::from_errno(number).timeout());
    CHECK(Error::from_errno(number).temporary());
  }
  for (const int number : {ECONNREFUSED, EPIPE, EACCES, EADDRINUSE, ECONNRESET, ECONNABORTED, ENOENT}) {
    CHECK_FALSE(Error::from_errno(number).timeout());
    CHECK_FALSE(Error::from_errno(number).temporary());
  }
}

TEST_CASE("[79] an accept that fails for want of descriptors, or because its client left, passes") {
  for (const int number : {EMFILE, ENFILE, ECONNRESET, ECONNABORTED}) {
    CHECK(Error::from_errno(number, "accept").with_operation("accept", "tcp", "", ":80").temporary());
  }
  CHECK_FALSE(Error::from_errno(EINVAL, "accept").with_operation("accept", "tcp", "", ":80").temporary());
  CHECK_FALSE(Error::from_errno(ECONNRESET, "read").with_operation("read", "tcp", "a", "b").temporary());
}

TEST_CASE("[116] closed is closed: no timeout, and waiting does not help") {
  for (const ErrorCode code : {ErrorCode::closed, ErrorCode::closed_pipe}) {
    const Error error(code);
    CHECK(error.is_closed());
    CHECK_FALSE(error.timeout());
    CHECK_FALSE(error.temporary());
    CHECK_FALSE(error.is_eof());
    CHECK_FALSE(error.is_cancelled());
  }
  CHECK(Error(ErrorCode::closed_pipe).text() == "io: read/write on closed pipe");
  CHECK(Error(ErrorCode::closed_pipe) == ErrorCode::closed_pipe);
}

TEST_CASE("[117] cancelled and deadline_exceeded are the same codes from a connection and from a context") {
  const Error cancelled = Error(ErrorCode::cancelled).with_operation("dial", "tcp", "", "127.0.0.1:1");
  CHECK(cancelled == ErrorCode::cancelled);
  CHECK(cancelled.is_cancelled());
  CHECK_FALSE(cancelled.timeout());
  CHECK_FALSE(cancelled.temporary());
  CHECK(cancelled.text() == "dial tcp 127.0.0.1:1: operation was canceled");
  const Error late = Error(ErrorCode::deadline_exceeded).with_operation("dial", "tcp", "", "127.0.0.1:1");
  CHECK(late == ErrorCode::deadline_exceeded);
  CHECK(late.timeout());
  CHECK(late.temporary());
  CHECK_FALSE(late.is_cancelled());
  CHECK(late.text() == "dial tcp 127.0.0.1:1: i/o timeout");
  reactord::Reactor reactor;
  reactord::Context stopped(reactor), expired(stopped, reactord::Time::past());
  CHECK(expired.error() == ErrorCode::deadline_exceeded);
  stopped.cancel();
  CHECK(stopped.error() == ErrorCode::cancelled);
}

TEST_CASE("[118] what could not be made is not there: a result holds either the object or the error") {
  // None of these can be made out of nothing, so there is no such thing as an empty one.
  CHECK_FALSE(std::is_default_constructible_v<reactord::Conn>);
  CHECK_FALSE(std::is_default_constructible_v<reactord::Listener>);
  reactord::Reactor reactor;
  CHECK_FALSE(reactord::listen(reactor, "foo", ":0").has_value());
  CHECK_FALSE(reactord::listen(reactor, "tcp", "192.0.2.1:0").has_value());
  CHECK_FALSE(reactord::listen(reactor, "unix", "/nonexistent/socket").has_value());
  CHECK_FALSE(reactord::adopt_listener(reactor, -1).has_value());
  CHECK_FALSE(reactord::adopt_conn(reactor, -1).has_value());
  CHECK_FALSE(reactord::Address::parse("localhost").has_value());
  CHECK(reactor.open_descriptors() == 0);
}

TEST_CASE("a name without an address says so; what may be known later is temporary") {
  const Error unknown = Error::from_lookup(EAI_NONAME, "x");
  CHECK(unknown == ErrorCode::lookup_failed);
  CHECK(unknown.text() == "lookup x: no such host");
  CHECK(unknown.system_errno() == 0);
  CHECK_FALSE(unknown.temporary());
  CHECK(Error::from_lookup(EAI_NODATA, "x").text() == "lookup x: no such host");
  const Error later = Error::from_lookup(EAI_AGAIN, "x");
  CHECK(later.text() == "lookup x: temporary failure in name resolution");
  CHECK(later.temporary());
  CHECK_FALSE(later.timeout());
  CHECK(Error::from_lookup(EAI_NONAME, "x").with_operation("dial", "tcp", "", "").text() ==
        "dial tcp: lookup x: no such host");
  CHECK(Error(ErrorCode::lookup_failed).text() == "no such host");
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

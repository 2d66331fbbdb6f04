// Error and Result<T>: how every fallible call of the library answers.
//
// An Error is a value of sixteen bytes: a code, an errno, and (once a failing operation has named itself)
// a detail on the heap. It prints as Go prints a *net.OpError (https://pkg.go.dev/net#OpError):
//
//     operation network source->address: system call: what went wrong
//     listen    tcp     :9090          : bind       : address already in use
//
// End of file never has a detail: it is not a failure, and it costs nothing. An end amid something asked for has none
// either ("unexpected EOF"). When there is no memory for a detail, the
// Error has none: making, copying or naming an Error never fails.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace reactord {

enum class ErrorCode : std::uint8_t {
  system,             // a system call failed: system_errno() is its errno
  eof,                // the peer ended its direction in order (FIN)
  unexpected_eof,     // it did so amid what was asked for
  closed,             // the object was used after close(), or the operation was ended by it
  closed_pipe,        // either end of an in-memory pipe has been closed
  deadline_exceeded,  // the deadline passed before or while the operation waited
  cancelled,          // a Context was cancelled, or the Reactor is shutting down
  interrupted,        // interrupt() ended the operation: its owner has something else to do
  busy,               // a second read (or write, or accept) was tried while one is pending
  lookup_failed,      // a host name has no address, or the lookup failed
  line_too_long,      // no newline came within the reader's limit
  buffer_full,        // more bytes were asked for than the reader may hold, or no delimiter came within them
  invalid,            // an argument or a text is malformed
};

class [[nodiscard]] Error {
 public:
  explicit Error(ErrorCode code) noexcept : code_(code) {}

  // The error of a failed system call. `system_call` is a string literal ("bind"), or null when it has the name of the
  // operation. `number` is errno, saved on the line after the call.
  static Error from_errno(int number, const char* system_call = nullptr) noexcept;

  // An error of the library with its whole text, such as "address localhost: missing port in address".
  static Error with_text(ErrorCode code, std::string text) noexcept;
  static Error with_text(ErrorCode code, const char* text) noexcept;
  static Error invalid(std::string text) { return with_text(ErrorCode::invalid, std::move(text)); }

  // The error of getaddrinfo(3) for `host`; `number` is its EAI_ code: "lookup example.com: no such host".
  static Error from_lookup(int number, std::string_view host);

  Error(const Error& other) noexcept;
  Error(Error&& other) noexcept = default;
  Error& operator=(const Error& other) noexcept;
  Error& operator=(Error&& other) noexcept = default;
  ~Error() = default;

  // Names the operation that failed and its object. `operation` is a string literal ("read"). `source` and `address`
  // may be empty. Returns *this, so that a return statement can use it.
  Error&& with_operation(const char* operation, std::string_view network, std::string source,
                         std::string address) && noexcept;

  ErrorCode code() const noexcept { return code_; }
  int system_errno() const noexcept { return code_ == ErrorCode::system ? errno_ : 0; }

  // The arguments of with_operation(); empty when it was not called or none was given. Valid as long as this Error.
  std::string_view operation() const noexcept;
  std::string_view network() const noexcept;
  std::string_view source() const noexcept;
  std::string_view address() const noexcept;

  bool is_eof() const noexcept { return code_ == ErrorCode::eof; }
  bool is_closed() const noexcept { return code_ == ErrorCode::closed || code_ == ErrorCode::closed_pipe; }
  bool is_cancelled() const noexcept { return code_ == ErrorCode::cancelled; }
  bool is_reset() const noexcept;   // the peer reset the connection: ECONNRESET or EPIPE
  bool timeout() const noexcept;    // deadline_exceeded, or the kernel's ETIMEDOUT or EAGAIN
  bool temporary() const noexcept;  // a timeout, or a shortage that passes: a later try may succeed

  // The whole text, as in the head of this file. reason() is its last part.
  std::string text() const;
  std::string reason() const;

  friend bool operator==(const Error& error, ErrorCode code) noexcept { return error.code_ == code; }

 private:
  struct Detail {
    const char* operation = nullptr;
    const char* system_call = nullptr;
    std::string network, source, address, text;
  };
  Detail* detail() noexcept;  // null when there is no memory for one

  ErrorCode code_;
  int errno_ = 0;
  std::unique_ptr<Detail> detail_;
};

template <typename T>
using Result = std::expected<T, Error>;

// The text of errno `number` in Go's words: "connection refused", "too many open files".
std::string errno_text(int number);

}  // namespace reactord

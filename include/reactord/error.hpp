// Error and Result<T>: how every fallible call of the library answers.
//
// An Error is a value of sixteen bytes: a code, an errno, and (once a failing operation has named itself)
// a detail on the heap. It prints as Go prints a *net.OpError (https://pkg.go.dev/net#OpError):
//
//     operation network source->address: system call: what went wrong
//     listen    tcp     :9090          : bind       : address already in use
//
// End of file is never given a detail: it is not a failure, and it costs nothing.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace reactord {

enum class ErrorCode : std::uint8_t {
  system,             // the kernel said no: system_errno() tells what
  eof,                // the peer ended its direction in order (FIN)
  closed,             // used after close(), or ended by it
  deadline_exceeded,  // the deadline passed before, or while, the operation waited
  cancelled,          // the Reactor is shutting down
  busy,               // a second read (or write, or accept) while one is pending
  line_too_long,      // no newline within the reader's limit
  invalid,            // an argument or a text that can't be understood
};

class [[nodiscard]] Error {
 public:
  explicit Error(ErrorCode code) noexcept : code_(code) {}

  // The error of a failed system call. `system_call` is a string literal ("bind"), or null where the
  // operation and the call are the same thing. `number` is errno, saved on the line after the call.
  static Error from_errno(int number, const char* system_call = nullptr);

  // An error of our own with its whole text, such as "address localhost: missing port in address".
  static Error invalid(std::string text);

  Error(const Error& other);
  Error(Error&& other) noexcept = default;
  Error& operator=(const Error& other);
  Error& operator=(Error&& other) noexcept = default;
  ~Error() = default;

  // Names the operation that failed and what it was done to. `operation` is a string literal ("read").
  // `source` and `address` may be empty. Returns *this, so that a return statement can add it in passing.
  Error&& with_operation(const char* operation, std::string_view network, std::string source,
                         std::string address) &&;

  ErrorCode code() const noexcept { return code_; }
  int system_errno() const noexcept { return errno_; }  // 0 unless code() is system

  bool is_eof() const noexcept { return code_ == ErrorCode::eof; }
  bool is_closed() const noexcept { return code_ == ErrorCode::closed; }
  bool is_cancelled() const noexcept { return code_ == ErrorCode::cancelled; }
  bool timeout() const noexcept;   // a deadline of ours, or the kernel's ETIMEDOUT
  bool is_reset() const noexcept;  // the peer broke the connection off: ECONNRESET or EPIPE

  // The whole sentence, as in the head of this file; reason() is its last part alone.
  std::string text() const;
  std::string reason() const;

  friend bool operator==(const Error& error, ErrorCode code) noexcept { return error.code_ == code; }

 private:
  struct Detail {
    const char* operation = nullptr;
    const char* system_call = nullptr;
    std::string network, source, address, text;
  };
  Detail& detail();

  ErrorCode code_;
  int errno_ = 0;
  std::unique_ptr<Detail> detail_;
};

template <typename T>
using Result = std::expected<T, Error>;

// What errno `number` means, in Go's words: "connection refused", "too many open files".
std::string errno_text(int number);

}  // namespace reactord

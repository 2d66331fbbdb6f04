#include "reactord/error.hpp"

#include <netdb.h>
#include <cassert>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace reactord {
namespace {

// glibc begins a sentence with a capital, Go does not. An acronym such as "RPC" keeps its capitals in both.
std::string in_go_case(std::string text) {
  const bool acronym = text.size() > 1 && std::isupper(static_cast<unsigned char>(text[1])) != 0;
  if (!acronym && !text.empty()) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

// The text stays empty when there is no memory.
void assign(std::string& to, std::string_view text) noexcept {
  try {
    to = text;
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace

Error Error::from_errno(int number, const char* system_call) noexcept {
  assert(number > 0 && "errno of a call that has failed");
  Error error(ErrorCode::system);
  error.errno_ = number;
  Detail* const named = system_call == nullptr ? nullptr : error.detail();
  if (named != nullptr) named->system_call = system_call;
  return error;
}

Error Error::with_text(ErrorCode code, std::string text) noexcept {
  Error error(code);
  if (Detail* const named = error.detail()) named->text = std::move(text);
  return error;
}

Error Error::with_text(ErrorCode code, const char* text) noexcept {
  Error error(code);
  if (Detail* const named = error.detail()) assign(named->text, text);
  return error;
}

Error Error::from_lookup(int number, std::string_view host) {
  const bool unknown = number == EAI_NONAME || number == EAI_NODATA || number == EAI_ADDRFAMILY;
  const std::string reason = unknown ? "no such host" : in_go_case(::gai_strerror(number));
  auto error = with_text(ErrorCode::lookup_failed, "lookup " + std::string(host) + ": " + reason);
  error.errno_ = number;
  return error;
}

Error::Error(const Error& other) noexcept : code_(other.code_), errno_(other.errno_) {
  if (!other.detail_) return;
  try {
    detail_ = std::make_unique<Detail>(*other.detail_);
  } catch (const std::bad_alloc&) {  // then without the detail
  }
}

Error& Error::operator=(const Error& other) noexcept {
  if (this != &other) *this = Error(other);
  return *this;
}

Error&& Error::with_operation(const char* operation, std::string_view network, std::string source,
                              std::string address) && noexcept {
  if (code_ == ErrorCode::eof) return std::move(*this);
  Detail* const named = detail();
  if (named == nullptr) return std::move(*this);
  named->operation = operation;
  assign(named->network, network);
  named->source = std::move(source);
  named->address = std::move(address);
  return std::move(*this);
}

Error::Detail* Error::detail() noexcept {
  if (!detail_) detail_.reset(new (std::nothrow) Detail());
  return detail_.get();
}

std::string_view Error::operation() const noexcept {
  return detail_ && detail_->operation != nullptr ? detail_->operation : std::string_view();
}
std::string_view Error::network() const noexcept { return detail_ ? detail_->network : std::string_view(); }
std::string_view Error::source() const noexcept { return detail_ ? detail_->source : std::string_view(); }
std::string_view Error::address() const noexcept { return detail_ ? detail_->address : std::string_view(); }

bool Error::is_reset() const noexcept { return system_errno() == ECONNRESET || system_errno() == EPIPE; }

bool Error::timeout() const noexcept {
  return code_ == ErrorCode::deadline_exceeded || system_errno() == ETIMEDOUT || system_errno() == EAGAIN;
}

bool Error::temporary() const noexcept {
  const int number = system_errno();
  // A connection that was reset in the queue is no reason to stop accepting. Go's OpError.Temporary does the same.
  const bool of_accept = (number == ECONNRESET || number == ECONNABORTED) && operation() == "accept";
  return timeout() || of_accept || number == EINTR || number == EMFILE || number == ENFILE ||
         (code_ == ErrorCode::lookup_failed && errno_ == EAI_AGAIN);
}

std::string Error::reason() const {
  if (detail_ && !detail_->text.empty()) return detail_->text;
  switch (code_) {
    case ErrorCode::system:
      return errno_text(errno_);
    case ErrorCode::eof:
      return "EOF";
    case ErrorCode::unexpected_eof:
      return "unexpected EOF";
    case ErrorCode::closed:
      return "use of closed network connection";
    case ErrorCode::closed_pipe:
      return "io: read/write on closed pipe";
    case ErrorCode::deadline_exceeded:
      return "i/o timeout";
    case ErrorCode::cancelled:
      return "operation was canceled";
    case ErrorCode::interrupted:
      return "operation was interrupted";
    case ErrorCode::busy:
      return "another operation of this kind is pending on the connection";
    case ErrorCode::line_too_long:
      return "line too long";
    case ErrorCode::buffer_full:
      return "buffer full";
    case ErrorCode::lookup_failed:
      return "no such host";
    case ErrorCode::invalid:
      break;
  }
  return "invalid argument";
}

std::string Error::text() const {
  std::string out;
  if (detail_ && detail_->operation != nullptr) {
    out += detail_->operation;
    if (!detail_->network.empty()) out += ' ' + detail_->network;
    if (!detail_->source.empty()) out += ' ' + detail_->source;
    if (!detail_->address.empty()) out += (detail_->source.empty() ? " " : "->") + detail_->address;
    out += ": ";
  }
  if (detail_ && detail_->system_call != nullptr) out += std::string(detail_->system_call) + ": ";
  return out + reason();
}

std::string errno_text(int number) {
  const char* description = strerrordesc_np(number);
  return description == nullptr ? "errno " + std::to_string(number) : in_go_case(description);
}

}  // namespace reactord

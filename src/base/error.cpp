#include "reactord/error.hpp"

#include <cctype>
#include <cerrno>
#include <cstring>
#include <utility>

namespace reactord {

Error Error::from_errno(int number, const char* system_call) {
  Error error(ErrorCode::system);
  error.errno_ = number;
  if (system_call != nullptr) error.detail().system_call = system_call;
  return error;
}

Error Error::invalid(std::string text) {
  Error error(ErrorCode::invalid);
  error.detail().text = std::move(text);
  return error;
}

Error::Error(const Error& other) : code_(other.code_), errno_(other.errno_) {
  if (other.detail_) detail_ = std::make_unique<Detail>(*other.detail_);
}

Error& Error::operator=(const Error& other) {
  if (this != &other) *this = Error(other);
  return *this;
}

Error&& Error::with_operation(const char* operation, std::string_view network, std::string source,
                              std::string address) && {
  if (code_ == ErrorCode::eof) return std::move(*this);
  Detail& named = detail();
  named.operation = operation;
  named.network = network;
  named.source = std::move(source);
  named.address = std::move(address);
  return std::move(*this);
}

Error::Detail& Error::detail() {
  if (!detail_) detail_ = std::make_unique<Detail>();
  return *detail_;
}

bool Error::timeout() const noexcept {
  return code_ == ErrorCode::deadline_exceeded || (code_ == ErrorCode::system && errno_ == ETIMEDOUT);
}

bool Error::is_reset() const noexcept {
  return code_ == ErrorCode::system && (errno_ == ECONNRESET || errno_ == EPIPE);
}

std::string Error::reason() const {
  switch (code_) {
    case ErrorCode::system:
      return errno_text(errno_);
    case ErrorCode::eof:
      return "EOF";
    case ErrorCode::closed:
      return "use of closed network connection";
    case ErrorCode::deadline_exceeded:
      return "i/o timeout";
    case ErrorCode::cancelled:
      return "operation was canceled";
    case ErrorCode::busy:
      return "another operation of this kind is pending on the connection";
    case ErrorCode::line_too_long:
      return "line too long";
    case ErrorCode::invalid:
      break;
  }
  return detail_ ? detail_->text : "invalid argument";
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
  if (description == nullptr) return "errno " + std::to_string(number);
  std::string text = description;
  // glibc begins a sentence where Go does not; an acronym such as "RPC" keeps its capitals in both.
  const bool acronym = text.size() > 1 && std::isupper(static_cast<unsigned char>(text[1])) != 0;
  if (!acronym && !text.empty()) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

}  // namespace reactord

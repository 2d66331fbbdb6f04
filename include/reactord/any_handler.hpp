// AnyHandler: a handler of any kind, for the functions that take each of them. It refers to the handler, which must outlive
// it.
#pragma once

#include <string_view>

namespace reactord {

class LineConnection;
class LineConnectionFactory;
class LineHandler;
class StreamHandler;

class AnyHandler {
 public:
  AnyHandler(LineHandler& handler) noexcept : lines_(&handler) {}
  AnyHandler(StreamHandler& handler) noexcept : stream_(&handler) {}
  AnyHandler(LineConnectionFactory& factory) noexcept : connections_(&factory) {}
  AnyHandler(LineConnection&) = delete;  // it serves one connection: the factory is the handler
  bool operator==(const AnyHandler&) const = default;

  // Exactly one of them is not null.
  LineHandler* lines() const noexcept { return lines_; }
  StreamHandler* stream() const noexcept { return stream_; }
  LineConnectionFactory* connections() const noexcept { return connections_; }

  // The name in the log of a protocol that was given none.
  std::string_view kind() const noexcept { return stream_ == nullptr ? "line" : "stream"; }

 private:
  LineHandler* lines_ = nullptr;
  StreamHandler* stream_ = nullptr;
  LineConnectionFactory* connections_ = nullptr;
};

}  // namespace reactord

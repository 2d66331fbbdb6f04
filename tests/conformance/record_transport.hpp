// RecordTransport: a transport over another one that does to the bytes what TLS would, but for the secrecy. For tests,
// and to begin with.
//
//     record    length (2 bytes, big endian), kind, and so many bytes, each XORed with its place in the stream
//     data      1 to `longest` bytes
//     end       no bytes: our side has ended. A stream that stops without it was cut off
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "reactord/pipe.hpp"
#include "reactord/transport.hpp"

namespace test::conformance {

class RecordTransport final : public reactord::Transport, private reactord::TransportListener {
 public:
  static constexpr std::size_t longest = 4096;

  explicit RecordTransport(std::unique_ptr<reactord::Transport> below) : below_(std::move(below)) {}

  void attach(reactord::TransportListener& listener) noexcept override {
    above_ = &listener;
    below_->attach(*this);
  }

  ssize_t receive(std::span<char> room) noexcept override {
    while (plain_.empty()) {
      if (ended_) return 0;
      if (const ssize_t result = take_in(); result < 0 && plain_.empty()) return result;
    }
    const std::size_t count = plain_.copy(room.data(), room.size());
    plain_.erase(0, count);
    return static_cast<ssize_t>(count);
  }

  // A record is made only once the last one is on its way, so no more than one is held.
  ssize_t send(std::string_view bytes) noexcept override {
    if (const int result = send_held(); result < 0) return result;
    const std::string_view piece = bytes.substr(0, longest);
    hold(data, piece);
    send_held();
    if (send_failure_ != 0) return send_failure_;
    return static_cast<ssize_t>(piece.size());
  }

  int shut_write() noexcept override {
    if (!std::exchange(end_held_, true)) hold(end, {});
    const int result = send_held();
    return result < 0 ? result : below_->shut_write();
  }

  void close() noexcept override { below_->close(); }
  void abort() noexcept override { below_->abort(); }
  std::size_t unsent() const noexcept override { return held_.size() + below_->unsent(); }

  // Looks at what lies below, as far as it is there.
  std::size_t unread() noexcept override {
    while (plain_.size() < most_plain && !ended_ && take_in() >= 0) {
    }
    return plain_.size();
  }

  reactord::Network network() const noexcept override { return below_->network(); }
  reactord::Address local_addr() const override { return below_->local_addr(); }
  reactord::Address remote_addr() const override { return below_->remote_addr(); }

 private:
  enum Kind : char { data = 1, end = 2 };
  static constexpr std::size_t header = 3;
  static constexpr std::size_t most_plain = 64 * 1024;  // that unread() takes in

  // Room below is ours first: what waits above has none until ours is gone.
  void notify(reactord::Readiness news) noexcept override {
    namespace readiness = reactord::readiness;
    if ((news & readiness::writable) != 0 && send_held() == -EAGAIN) news &= ~readiness::writable;
    if (news != 0) above_->notify(news);
  }

  void hold(Kind kind, std::string_view bytes) noexcept {
    try {
      held_.reserve(held_.size() + header + bytes.size());
    } catch (const std::bad_alloc&) {
      send_failure_ = -ENOMEM;
      return;
    }
    held_ += static_cast<char>(bytes.size() >> 8);
    held_ += static_cast<char>(bytes.size() & 0xff);
    held_ += kind;
    for (const char byte : bytes) held_ += masked(byte, sent_++);
  }

  // 0: nothing is held any more.
  int send_held() noexcept {
    while (send_failure_ == 0 && !held_.empty()) {
      const ssize_t sent = below_->send(held_);
      if (sent == -EAGAIN) return -EAGAIN;
      if (sent < 0) send_failure_ = static_cast<int>(sent);
      if (sent > 0) held_.erase(0, static_cast<std::size_t>(sent));
    }
    return send_failure_;
  }

  // One piece from below, and the records that it completes. Below 0: there is none.
  ssize_t take_in() noexcept {
    if (receive_failure_ != 0) return receive_failure_;
    std::array<char, 2 * longest> piece;
    const ssize_t count = below_->receive(piece);
    if (count == -EAGAIN) return -EAGAIN;
    if (count <= 0) return receive_failure_ = count == 0 ? -ECONNRESET : count;  // cut off: no end has come
    try {
      raw_.append(piece.data(), static_cast<std::size_t>(count));
      open_records();
    } catch (const std::bad_alloc&) {
      receive_failure_ = -ENOMEM;
    }
    return receive_failure_ != 0 ? receive_failure_ : count;
  }

  void open_records() {
    while (!ended_ && raw_.size() >= header) {
      const std::size_t length =
          static_cast<std::uint8_t>(raw_[0]) * 256UZ + static_cast<std::uint8_t>(raw_[1]);
      if (!is_record(raw_[2], length)) {
        receive_failure_ = -EPROTO;
        return;
      }
      if (raw_.size() < header + length) break;
      ended_ = raw_[2] == end;
      for (const char byte : std::string_view(raw_).substr(header, length))
        plain_ += masked(byte, received_++);
      raw_.erase(0, header + length);
    }
  }

  static bool is_record(char kind, std::size_t length) noexcept {
    return kind == end ? length == 0 : kind == data && length > 0 && length <= longest;
  }
  static char masked(char byte, std::uint32_t place) noexcept {
    return static_cast<char>(byte ^ static_cast<char>(place * 167 + 13));
  }

  std::unique_ptr<reactord::Transport> below_;
  reactord::TransportListener* above_ = nullptr;
  std::string held_;   // records, or the rest of one, that below had no room for
  std::string raw_;    // the beginning of a record
  std::string plain_;  // out of records, and not yet received above
  std::uint32_t sent_ = 0, received_ = 0;
  int send_failure_ = 0;
  ssize_t receive_failure_ = 0;
  bool end_held_ = false;  // our end has been made a record
  bool ended_ = false;     // the peer's has come
};

inline reactord::Conn in_records(reactord::Conn conn) {
  reactord::Reactor& reactor = conn.reactor();
  auto below = reactord::as_transport(std::move(conn));
  auto made = reactord::make_conn(reactor, std::make_unique<RecordTransport>(std::move(below)));
  return std::move(*made);  // it fails without memory only
}

inline reactord::ConnPair in_records(reactord::ConnPair pair) {
  return {in_records(std::move(pair.first)), in_records(std::move(pair.second))};
}

}  // namespace test::conformance

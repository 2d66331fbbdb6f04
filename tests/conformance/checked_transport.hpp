// CheckedTransport: lies between two of a stack, and holds both to what transport.hpp says of who calls whom.
#pragma once

#include <doctest/doctest.h>

#include <cerrno>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "reactord/transport.hpp"

namespace test::conformance {

class CheckedTransport final : public reactord::Transport, private reactord::TransportListener {
 public:
  explicit CheckedTransport(std::unique_ptr<reactord::Transport> below) : below_(std::move(below)) {}

  void attach(reactord::TransportListener& listener) noexcept override {
    CHECK(above_ == nullptr);
    above_ = &listener;
    below_->attach(*this);
  }

  ssize_t receive(std::span<char> room) noexcept override {
    const Call call(*this);
    CHECK_FALSE(room.empty());
    const ssize_t count = below_->receive(room);
    CHECK(count <= static_cast<ssize_t>(room.size()));
    if (receive_ended_) CHECK(count == receive_result_);
    receive_ended_ = count <= 0 && count != -EAGAIN;
    receive_result_ = count;
    return count;
  }

  ssize_t send(std::string_view bytes) noexcept override {
    const Call call(*this);
    CHECK_FALSE(bytes.empty());
    CHECK_FALSE(shut_);
    const ssize_t count = below_->send(bytes);
    CHECK(count != 0);
    CHECK(count <= static_cast<ssize_t>(bytes.size()));
    return count;
  }

  int shut_write() noexcept override {
    const Call call(*this);
    CHECK_FALSE(shut_result_ == 0);
    shut_ = true;
    shut_result_ = below_->shut_write();
    CHECK(shut_result_ <= 0);
    return shut_result_;
  }

  void close() noexcept override {
    const Call call(*this);
    closed_ = true;
    below_->close();
  }
  void abort() noexcept override {
    const Call call(*this);
    closed_ = true;
    below_->abort();
  }

  std::size_t unsent() const noexcept override {
    CHECK_FALSE(closed_);
    return below_->unsent();
  }
  std::size_t unread() noexcept override {
    const Call call(*this);
    return below_->unread();
  }
  reactord::Network network() const noexcept override { return below_->network(); }
  reactord::Address local_addr() const override { return below_->local_addr(); }
  reactord::Address remote_addr() const override { return below_->remote_addr(); }

 private:
  // On the stack as long as a call from above.
  struct Call {
    explicit Call(CheckedTransport& of) noexcept : transport(of) {
      CHECK(of.above_ != nullptr);
      CHECK_FALSE(of.closed_);
      CHECK_FALSE(of.called_);
      of.called_ = true;
    }
    ~Call() { transport.called_ = false; }
    CheckedTransport& transport;
  };

  void notify(reactord::Readiness news) noexcept override {
    namespace readiness = reactord::readiness;
    CHECK((news & ~(readiness::readable | readiness::writable)) == 0);
    CHECK(news != 0);
    above_->notify(news);
  }

  std::unique_ptr<reactord::Transport> below_;
  reactord::TransportListener* above_ = nullptr;
  ssize_t receive_result_ = 0;
  int shut_result_ = 1;  // not asked yet
  bool called_ = false;
  bool receive_ended_ = false;
  bool shut_ = false;
  bool closed_ = false;
};

}  // namespace test::conformance

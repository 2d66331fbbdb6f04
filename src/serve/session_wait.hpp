// SessionWait: the wait of a line session: one at a time, so that all its waits share one piece of storage.
//
//     bytes    the next bytes of the input, handed over where they arrive
//     room     that the peer takes the waiting output
//     turn     the loop's next turn
//     finish   the end of the connection
#pragma once

#include <string_view>
#include <variant>

#include "net/endpoint.hpp"

namespace reactord {

class SessionWait {
 public:
  enum class Step : std::uint8_t { bytes, room, turn, finish };  // in the order of the variant
  using Take = std::size_t (*)(ReadOperation&, std::string_view bytes) noexcept;
  using Resumed = void (*)(void* session);

  // `endpoint` and `input` must outlive it; the session owns them. `take` is as ReadOperation::take_.
  SessionWait(Endpoint& endpoint, Buffer& input, Take take) noexcept
      : wait_(std::in_place_type<Bytes>, endpoint, input, take) {}

  Step step() const noexcept { return static_cast<Step>(wait_.index()); }

  // The failure of the finished wait: 0, or encoded as in IoOperation::failure(). A turn never fails.
  int failure() const noexcept {
    return std::visit(
        [](const auto& operation) {
          if constexpr (std::is_base_of_v<IoOperation, std::remove_cvref_t<decltype(operation)>>) {
            return operation.failure();
          } else {
            return 0;
          }
        },
        wait_);
  }

  void become(Step step, Endpoint& endpoint, Buffer& input, Take take) noexcept {
    switch (step) {
      case Step::bytes:
        wait_.emplace<Bytes>(endpoint, input, take);
        break;
      case Step::room:
        wait_.emplace<Room>(endpoint);
        break;
      case Step::turn:
        wait_.emplace<NextTurnOperation>(endpoint.reactor());
        break;
      case Step::finish:
        wait_.emplace<FinishOperation>(endpoint);
        break;
    }
  }

  // True when the wait is over already; else `resumed` will be called with `session`.
  bool begin(Reactor& reactor, Resumed resumed, void* session) noexcept {
    return std::visit(
        [&](auto& operation) {
          operation.run = resumed;
          operation.state = session;
          if constexpr (std::is_same_v<decltype(operation), NextTurnOperation&>) {
            reactor.resume_next_turn(operation);
            return false;
          } else {
            return operation.await_ready();
          }
        },
        wait_);
  }

  // Calls `resumed` from the loop's queue, as if a turn had come.
  void begin_from_queue(Reactor& reactor, Resumed resumed, void* session) noexcept {
    auto& turn = wait_.emplace<NextTurnOperation>(reactor);
    turn.run = resumed;
    turn.state = session;
    reactor.resume_later(turn);
  }

 private:
  class Bytes final : public ReadOperation {
   public:
    Bytes(Endpoint& endpoint, Buffer& input, Take take) noexcept : ReadOperation(endpoint, input, take) {}
  };
  class Room final : public PendingWrite {
   public:
    explicit Room(Endpoint& endpoint) noexcept : PendingWrite(endpoint, nullptr, 0, until_low) {}
  };

  std::variant<Bytes, Room, NextTurnOperation, FinishOperation> wait_;
};

}  // namespace reactord

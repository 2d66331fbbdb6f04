// EndpointState: what both directions of a connection share: its phase, the order in which every operation is checked, how a
// pending one ends, the budget of a turn, the Context, names and errors. It is a layer of an Endpoint (drawn in
// endpoint.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "net/carrier.hpp"
#include "net/endpoint_listener.hpp"
#include "net/wire_tap.hpp"
#include "reactord/conn.hpp"
#include "reactord/context.hpp"
#include "reactord/error.hpp"

namespace reactord {

class EndpointState : public Carrier {
 public:
  enum class Phase : std::uint8_t {
    connecting,  // the connection is being dialled: the kernel has not said yet whether there is a peer
    open,        // reads and writes
    sending,     // closed: what was written is on its way to the kernel
    discarding,  // our FIN is out: what the peer still sends is read and forgotten
    retired,     // over: the descriptor goes at the end of the turn
  };

  bool is_closed() const noexcept { return phase_ >= Phase::sending; }
  int write_failure() const noexcept { return write_failure_; }
  Time last_activity() const noexcept { return last_activity_; }

  // Once `context` is done, the pending operations fail with its code, and so do all later ones. Null detaches.
  void set_context(Context* context);

  EndpointListener* listener() const noexcept { return rare_ ? rare_->listener : nullptr; }

  // Tells `tap`, which is in no endpoint, of all bytes that come and go until remove_tap(), which must come before the end of
  // either. Works in every phase. Throws std::bad_alloc, and changes nothing then.
  void add_tap(WireTap& tap);
  void remove_tap(WireTap& tap) noexcept;  // `tap` must be in this endpoint

  Address local_address() const;
  // The error of an operation. `failure` is as in IoOperation::failure(), and not zero.
  virtual Error error(const char* operation, int failure) const;

 protected:
  using Carrier::Carrier;

  // Ends the pending read and the pending write with `failure`.
  virtual void end_both(int failure) noexcept = 0;

  // The order of every operation: closed, busy, cancelled, expired; 0: it may try.
  int refusal(const IoOperation* pending, Time deadline) const noexcept;
  // Fails a pending operation from within a call of the user: its coroutine runs on later, from the loop's stack. Null
  // is none.
  void end_pending(IoOperation* operation, int failure) noexcept;
  Error closed_error() const noexcept;

  // Arms the one timer at the earliest deadline that something waits for. Moving a deadline later costs nothing: the
  // timer comes too early, sees that, and is armed anew.
  void park(Time deadline);

  // Counts bytes moved in this turn. False: the connection has had its share, the others are waiting.
  bool spend(std::size_t count) noexcept;
  // A part of a write costs this share of the turn's budget, if it has fewer bytes.
  static constexpr std::size_t part_share = Conn::bytes_per_turn / Conn::parts_per_turn;

  void tell_buffered() noexcept {
    if (listener() != nullptr) listener()->on_buffered();
  }
  void tell_ready() noexcept {
    if (listener() != nullptr) listener()->on_ready();
  }

  // The things that lie between the carrier and the operations. There is none while it would be empty.
  struct Detour {
    // Bytes that are received before all others.
    Buffer put_back;
    List<WireTap> taps;
  };
  // Makes the Detour on demand. Throws std::bad_alloc.
  Detour& detour();
  // Sets the bits of the way that bytes take from what the Detour holds, and ends it when that is nothing.
  void choose_way() noexcept;
  bool is_tapped() const noexcept { return rare_ && rare_->detour && !rare_->detour->taps.is_empty(); }
  void tell_received(std::string_view bytes) const noexcept;
  void tell_sent(std::string_view bytes) const noexcept;

  struct Attachment final : ContextListener {
    explicit Attachment(EndpointState& of) noexcept : state(of) {}
    void on_done(Context& context) noexcept override { state.cancel(context.code()); }
    EndpointState& state;
  };
  // State of all layers that few connections need, in one piece that is made when one does.
  struct Rare {
    std::optional<Address> local;
    // The Context that ends the pending operations.
    std::unique_ptr<Attachment> attachment;
    // The listener outlives the open endpoint.
    EndpointListener* listener = nullptr;
    // The time at which the listener wants to be asked.
    Time look_at = Time::never();
    Time write_deadline = Time::never();
    // Reads give eof once so many bytes have been read.
    std::uint64_t read_limit = ~std::uint64_t{0};
    // Null: bytes go between the carrier and the operations without one.
    std::unique_ptr<Detour> detour;
    // The bytes that were discarded after our FIN.
    std::uint64_t discarded = 0;
    // The code with which the Context is done: all operations fail with it. eof: it is not.
    ErrorCode cancelled = ErrorCode::eof;
  };
  Rare* rare_if_possible() const noexcept;  // null: there is no memory
  Rare& rare() const;

  Phase phase_ = Phase::open;
  // An errno: the connection is gone, and the unsent bytes are lost. The read that finds no more bytes gives it too: a
  // reset that a send was first to hear of is no orderly end.
  std::int16_t write_failure_ = 0;

 private:
  void cancel(ErrorCode code) noexcept;

  std::uint32_t budget_turn_ = 0;
  std::uint32_t budget_spent_ = 0;

 protected:
  Time last_activity_ = reactor().now();
  mutable std::unique_ptr<Rare> rare_;
};

}  // namespace reactord

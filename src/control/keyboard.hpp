// Keyboard: the keys of a terminal, as the loop brings them. The terminal is a Terminal that has been entered: a read of it
// never waits.
//
//     descriptor -- bytes --> KeyReader -- keys --> KeyListener
//                                ^
//     the Watch's timer: an Escape that nothing follows
#pragma once

#include <span>

#include "control/key_reader.hpp"
#include "reactord/error.hpp"
#include "reactord/reactor.hpp"
#include "reactord/watch.hpp"

namespace reactord::control {

// Is told the keys. It must outlive the Keyboard, and may let go of it.
class KeyListener {
 public:
  virtual void on_keys(std::span<const KeyPress> keys) = 0;
  virtual void on_keyboard_gone() = 0;  // once: its terminal was closed

 protected:
  ~KeyListener() = default;
};

class Keyboard final : public Watch {
 public:
  static constexpr std::size_t bytes_at_once = 1024;
  static constexpr unsigned reads_per_turn = 8;  // then the others have their turn

  // On a duplicate of `fd`, which stays the caller's. Errors: those of fcntl(2) and of Reactor::add(): EPERM, for what is
  // no terminal.
  static Result<WatchHandle<Keyboard>> open(Reactor& reactor, int fd, KeyListener& listener);

  // Looks for keys that came while the process was in the background: it does not read then.
  void look() { reactor().serve_next_turn(*this); }

 private:
  Keyboard(Reactor& on, int fd, KeyListener& listener) noexcept : Watch(on, fd), listener_(listener) {}
  void on_ready(Readiness readiness) override;
  void on_timer() override;
  void on_release() override { stop(); }
  void on_shutdown() override { stop(); }
  void stop() noexcept;
  void read();
  void tell(std::span<const KeyPress> keys);

  KeyListener& listener_;
  KeyReader reader_;
};

}  // namespace reactord::control

#include "control/keyboard.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/system.hpp"
#include "base/system_terminal.hpp"

namespace reactord::control {

Result<WatchHandle<Keyboard>> Keyboard::open(Reactor& reactor, int fd, KeyListener& listener) {
  const int own = system::duplicate(fd);
  if (own < 0) return std::unexpected(Error::from_errno(-own, "fcntl"));
  WatchHandle<Keyboard> keyboard(new Keyboard(reactor, own, listener));
  keyboard->set_held_elsewhere();
  auto added = reactor.add(*keyboard);
  if (!added) return std::unexpected(std::move(added).error());
  return keyboard;
}

void Keyboard::on_ready(Readiness readiness) {
  if (is_retired()) return;
  read();
  const bool is_gone = (readiness & (readiness::hang_up | readiness::error)) != 0;
  if (!is_gone || is_retired()) return;
  stop();
  listener_.on_keyboard_gone();
}

void Keyboard::read() {
  std::array<char, bytes_at_once> bytes;
  for (unsigned reads = 0; reads < reads_per_turn; ++reads) {
    // In the background a read would stop the process, and take keys that are meant for another.
    if (!system::is_in_foreground(fd())) return;
    const ssize_t count = system::read(fd(), bytes.data(), bytes.size());
    if (count <= 0) return;
    tell(reader_.take(std::string_view(bytes.data(), static_cast<std::size_t>(count))));
    if (is_retired()) return;
  }
  reactor().serve_next_turn(*this);
}

void Keyboard::on_timer() {
  if (!is_retired()) tell(reader_.expire());
}

void Keyboard::tell(std::span<const KeyPress> keys) {
  if (reader_.is_waiting()) {
    reactor().arm(*this, reactor().now() + KeyReader::escape_time);
  } else if (is_armed()) {
    reactor().timers().cancel(*this);
  }
  if (!keys.empty()) listener_.on_keys(keys);
}

void Keyboard::stop() noexcept {
  if (is_retired()) return;
  if (is_armed()) reactor().timers().cancel(*this);
  reactor().retire(*this);
}

}  // namespace reactord::control

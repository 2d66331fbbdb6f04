#include "serve/buffer_budget.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "serve/session.hpp"

namespace reactord {
namespace {

// Sessions are told apart by the logarithm of what they hold: who holds twice as much is in a class of their own.
constexpr std::size_t size_classes = 64;
std::size_t size_class(std::size_t bytes) noexcept {
  return static_cast<std::size_t>(std::bit_width(bytes)) % size_classes;
}

}  // namespace

Owned<BufferBudget> BufferBudget::watch(Reactor& reactor, std::size_t bytes, Session* const& sessions) {
  Owned<BufferBudget> budget(new BufferBudget(reactor, bytes, sessions));
  auto added = reactor.add(*budget);  // can't fail: there is no descriptor to register
  return budget;
}

BufferBudget::BufferBudget(Reactor& reactor, std::size_t bytes, Session* const& sessions) noexcept
    : Watch(reactor, -1), bytes_(bytes), sessions_(sessions) {
  if (bytes > 0) reactor.buffers().keep_below(bytes, this);
}

void BufferBudget::on_release() {
  reactor().buffers().forget(*this);
  reactor().retire(*this);
}

void BufferBudget::on_flush() {
  const std::size_t in_use = reactor().buffers().bytes_in_use();
  if (in_use <= bytes_) return;
  std::array<std::size_t, size_classes> held{};
  for (const Session* session = sessions_; session != nullptr; session = session->next()) {
    held[size_class(session->buffered())] += session->buffered();
  }
  std::size_t to_free = in_use - bytes_ + bytes_ / 8;
  std::size_t least = size_classes - 1;  // the classes above it give all, it gives the rest
  for (; least > 1 && held[least] < to_free; --least) to_free -= held[least];
  for (Session* session = sessions_; session != nullptr;) {
    Session& one = *session;
    session = session->next();
    const std::size_t bytes = one.buffered();
    if (bytes == 0 || size_class(bytes) < least) continue;
    if (size_class(bytes) == least) {
      if (to_free == 0) continue;
      to_free -= std::min(to_free, bytes);
    }
    one.evict();
  }
}

}  // namespace reactord

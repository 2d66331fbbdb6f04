#include "serve/buffer_budget.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

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
    : Watch(reactor, -1), bytes_(bytes > 0 ? bytes : ~std::size_t{0}), sessions_(sessions) {
  reactor.buffers().keep_below(bytes_, this);
}

void BufferBudget::on_release() {
  reactor().buffers().forget(*this);
  reactor().retire(*this);
}

void BufferBudget::on_exhausted() noexcept {
  exhausted_ = true;
  reactor().flush_later(*this);
}

void BufferBudget::on_flush() {
  const std::size_t in_use = reactor().buffers().bytes_in_use();
  const bool exhausted = std::exchange(exhausted_, false);
  if (in_use <= bytes_ && !exhausted) return;
  const std::size_t most = std::min(bytes_, in_use);  // what they have is all there is, if there is no more
  std::array<std::size_t, size_classes> held{};
  for (const Session* session = sessions_; session != nullptr; session = session->next()) {
    held[size_class(session->buffered())] += session->buffered();
  }
  std::size_t to_free = in_use - most + most / 8;
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
  if (exhausted) reactor().buffers().release_idle();  // others need memory too
}

}  // namespace reactord

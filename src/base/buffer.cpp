#include "reactord/buffer.hpp"

#include <new>

namespace reactord {

BufferPool::Chunk* BufferPool::allocate(std::size_t at_least, std::uint32_t size_class) {
  const std::size_t capacity = size_class < capacities.size() ? capacities[size_class] : at_least;
  auto* chunk = new (::operator new(sizeof(Chunk) + capacity)) Chunk{};
  chunk->pool = this;
  chunk->begin = chunk->end = 0;
  chunk->size_class = size_class;
  chunk->capacity = capacity;
  bytes_in_use_ += capacity;
  return chunk;
}

void BufferPool::release(Chunk* chunk) noexcept { ::operator delete(chunk); }

BufferPool::~BufferPool() {
  for (Chunk* chunk : idle_) {
    while (chunk != nullptr) {
      Chunk* next = chunk->next;
      release(chunk);
      chunk = next;
    }
  }
}

void Buffer::make_room(BufferPool& pool, std::size_t at_least) {
  const std::size_t used = size();
  // Moving the bytes to the front costs one copy of them, so it must buy at least as much room as it copies.
  if (chunk_->begin >= used && chunk_->capacity - used >= at_least) {
    std::memmove(chunk_->bytes(), chunk_->bytes() + chunk_->begin, used);
    chunk_->begin = 0;
    chunk_->end = static_cast<std::uint32_t>(used);
    return;
  }
  const std::size_t wanted = used + at_least;
  BufferPool::Chunk* larger = pool.take(wanted > 2 * chunk_->capacity ? wanted : 2 * chunk_->capacity);
  std::memcpy(larger->bytes(), chunk_->bytes() + chunk_->begin, used);
  larger->end = static_cast<std::uint32_t>(used);
  pool.give_back(chunk_);
  chunk_ = larger;
}

void Buffer::shrink(BufferPool& pool) {
  const std::size_t used = size();
  if (chunk_ == nullptr || chunk_->size_class == 0 || 2 * used > chunk_->capacity / 4) return;
  BufferPool::Chunk* smaller = pool.take(2 * used);
  std::memcpy(smaller->bytes(), chunk_->bytes() + chunk_->begin, used);
  smaller->end = static_cast<std::uint32_t>(used);
  pool.give_back(chunk_);
  chunk_ = smaller;
}

}  // namespace reactord

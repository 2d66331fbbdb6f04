#include "reactord/buffer.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <stdexcept>

namespace reactord {

BufferPool::Chunk BufferPool::none{};

BufferPool::BufferPool() noexcept {
  for (std::uint32_t size_class = 0; size_class <= classes; ++size_class) {
    const std::size_t count = size_class < classes ? idle_limit / capacity_of(size_class) : 0;
    shelves_[size_class].limit = shelves_[size_class].room = static_cast<std::uint32_t>(count);
    shelves_[size_class].pool = this;
  }
}

BufferPool::~BufferPool() {
  assert(bytes_in_use() == 0 && "the pool outlives its Buffers");
  release_idle();
}

void BufferPool::release_idle() noexcept {
  for (Shelf& shelf : shelves_) {
    while (shelf.first != nullptr) {
      Chunk* chunk = shelf.first;
      shelf.first = chunk->next;
      ++shelf.room;
      release(chunk);
    }
  }
}

std::size_t BufferPool::bytes_idle() const noexcept {
  std::size_t bytes = 0;
  for (std::uint32_t size_class = 0; size_class < classes; ++size_class) {
    bytes += (shelves_[size_class].limit - shelves_[size_class].room) * capacity_of(size_class);
  }
  return bytes;
}

BufferPool::Chunk* BufferPool::allocate(std::size_t at_least) {
  const std::uint32_t size_class = class_of(at_least);
  const std::size_t capacity = size_class < classes ? capacity_of(size_class) : at_least;
  void* storage = ::operator new(sizeof(Chunk) + capacity, std::nothrow);
  if (storage == nullptr) [[unlikely]]
    storage = allocate_at_last(sizeof(Chunk) + capacity);
  auto* chunk = new (storage) Chunk{};
  chunk->shelf = &shelves_[size_class];
  chunk->capacity = capacity;
  bytes_allocated_ += capacity;
  return chunk;
}

// Called when an allocation has failed. The idle chunks are of other sizes, and the allocator may make one from them.
void* BufferPool::allocate_at_last(std::size_t bytes) {
  release_idle();
  void* const storage = ::operator new(bytes, std::nothrow);
  if (storage != nullptr) return storage;
  if (keeper_ != nullptr) keeper_->on_exhausted();
  throw std::bad_alloc();
}

void BufferPool::release(Chunk* chunk) noexcept {
  chunk->shelf->pool->bytes_allocated_ -= chunk->capacity;
  ::operator delete(chunk);
}

void Buffer::make_room(BufferPool& pool, std::size_t at_least) {
  const std::size_t used = size();
  if (at_least > max_size - used) throw std::length_error("reactord::Buffer: more than 4 GiB");
  if (chunk_ == &BufferPool::none) {
    chunk_ = pool.take(at_least);
    return;
  }
  // Moving the bytes to the front copies them, so it must gain at least as much room as it copies.
  if (chunk_->begin >= used && chunk_->capacity - used >= at_least) {
    std::memmove(chunk_->bytes(), chunk_->bytes() + chunk_->begin, used);
    chunk_->begin = 0;
    chunk_->end = static_cast<std::uint32_t>(used);
    return;
  }
  const std::size_t wanted = used + at_least;
  BufferPool::Chunk* larger = pool.take(std::max(wanted, std::min(2 * chunk_->capacity, max_size)));
  std::memcpy(larger->bytes(), chunk_->bytes() + chunk_->begin, used);
  larger->end = static_cast<std::uint32_t>(used);
  BufferPool::give_back(chunk_);
  chunk_ = larger;
}

void Buffer::shrink(BufferPool& pool) noexcept try {
  const std::size_t used = size();
  if (chunk_->capacity <= 256 || 2 * used > chunk_->capacity / 4) return;
  BufferPool::Chunk* smaller = pool.take(2 * used);
  std::memcpy(smaller->bytes(), chunk_->bytes() + chunk_->begin, used);
  smaller->end = static_cast<std::uint32_t>(used);
  BufferPool::give_back(chunk_);
  chunk_ = smaller;
} catch (const std::bad_alloc&) {  // then the bytes stay where they are
}

}  // namespace reactord

// Buffer: one contiguous queue of bytes on pooled storage. BufferPool: where the storage comes from.
//
//     chunk_ --> +--------+-----------+-----------------+----------------+
//                | header | (taken)   | unconsumed bytes|  free room     |
//                +--------+-----------+-----------------+----------------+
//                                     begin             end              capacity
//
// An empty Buffer owns no storage: it is one null pointer, so an idle connection pays eight bytes for it.
// Storage is borrowed at the first byte and goes back to the pool when the last one is consumed.
// Capacities are powers of four from 256 bytes to 1 MiB; growing copies, so appending is O(1) amortised.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace reactord {

// Keeps freed chunks for reuse, most recently used first (so that they are warm in the cache), at most
// `idle_limit` bytes of them: what a burst borrowed beyond that goes back to the allocator. Must outlive its
// Buffers.
class BufferPool {
 public:
  static constexpr std::size_t idle_limit = 1024 * 1024;
  static constexpr std::array<std::uint32_t, 7> capacities{256,       1024,       4 * 1024,   16 * 1024,
                                                           64 * 1024, 256 * 1024, 1024 * 1024};

  BufferPool() noexcept = default;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  std::size_t bytes_in_use() const noexcept { return bytes_in_use_; }  // capacity that Buffers hold now
  std::size_t bytes_idle() const noexcept { return bytes_idle_; }      // capacity kept for reuse

 private:
  friend class Buffer;
  struct Chunk {
    BufferPool* pool;
    union {
      std::uint32_t begin;
      Chunk* next;  // while it is idle in the pool
    };
    std::uint32_t end;
    std::uint32_t size_class;  // index into capacities; beyond them: a capacity of its own
    std::size_t capacity;

    char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  };

  Chunk* take(std::size_t at_least) {
    std::uint32_t size_class = 0;
    while (size_class < capacities.size() && capacities[size_class] < at_least) ++size_class;
    if (size_class == capacities.size() || idle_[size_class] == nullptr)
      return allocate(at_least, size_class);
    Chunk* chunk = idle_[size_class];
    idle_[size_class] = chunk->next;
    bytes_idle_ -= chunk->capacity;
    bytes_in_use_ += chunk->capacity;
    chunk->begin = chunk->end = 0;
    return chunk;
  }
  void give_back(Chunk* chunk) noexcept {
    bytes_in_use_ -= chunk->capacity;
    if (bytes_idle_ + chunk->capacity > idle_limit || chunk->size_class >= capacities.size())
      return release(chunk);
    bytes_idle_ += chunk->capacity;
    chunk->next = idle_[chunk->size_class];
    idle_[chunk->size_class] = chunk;
  }
  Chunk* allocate(std::size_t at_least, std::uint32_t size_class);
  static void release(Chunk* chunk) noexcept;

  std::array<Chunk*, capacities.size()> idle_{};
  std::size_t bytes_idle_ = 0;
  std::size_t bytes_in_use_ = 0;
};

class Buffer {
 public:
  Buffer() noexcept = default;
  Buffer(Buffer&& other) noexcept : chunk_(other.chunk_) { other.chunk_ = nullptr; }
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) {
      clear();
      chunk_ = other.chunk_;
      other.chunk_ = nullptr;
    }
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { clear(); }

  std::size_t size() const noexcept { return chunk_ == nullptr ? 0 : chunk_->end - chunk_->begin; }
  bool empty() const noexcept { return size() == 0; }
  std::size_t capacity() const noexcept { return chunk_ == nullptr ? 0 : chunk_->capacity; }

  // The unconsumed bytes. The view is valid until the next call that is not const.
  std::string_view view() const noexcept {
    return chunk_ == nullptr ? std::string_view() : std::string_view(chunk_->bytes() + chunk_->begin, size());
  }

  // Free room of at least `at_least` bytes behind the unconsumed ones; what is written there counts once
  // commit() says how much. The span is valid until the next call that is not const.
  std::span<char> prepare(BufferPool& pool, std::size_t at_least) {
    if (chunk_ == nullptr) chunk_ = pool.take(at_least);
    if (chunk_->capacity - chunk_->end < at_least) make_room(pool, at_least);
    return {chunk_->bytes() + chunk_->end, chunk_->capacity - chunk_->end};
  }
  void commit(std::size_t count) noexcept { chunk_->end += static_cast<std::uint32_t>(count); }

  // Drops the first `count` bytes, at most size(). Gives the storage back when nothing is left.
  void consume(std::size_t count) noexcept {
    if (chunk_ == nullptr) return;
    chunk_->begin += static_cast<std::uint32_t>(count);
    if (chunk_->begin == chunk_->end) clear();
  }

  // Appends every part, copying it.
  template <typename... Parts>
  void append(BufferPool& pool, const Parts&... parts) {
    const std::size_t total = (std::string_view(parts).size() + ... + 0);
    char* out = prepare(pool, total).data();
    ((std::memcpy(out, std::string_view(parts).data(), std::string_view(parts).size()),
      out += std::string_view(parts).size()),
     ...);
    commit(total);
  }

  void clear() noexcept {
    if (chunk_ != nullptr) chunk_->pool->give_back(chunk_);
    chunk_ = nullptr;
  }

  // Moves the bytes into the smallest storage that holds them with as much again to grow into, where that is
  // smaller: for a connection that goes to sleep on half a line.
  void shrink(BufferPool& pool);

 private:
  void make_room(BufferPool& pool, std::size_t at_least);
  BufferPool::Chunk* chunk_ = nullptr;
};

}  // namespace reactord

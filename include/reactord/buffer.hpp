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
// It counts in 32 bits: at most max_size bytes, 4 GiB less one. An append or prepare beyond that throws
// std::length_error. A failed allocation throws std::bad_alloc. Neither changes the Buffer.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace reactord {

// Keeps freed chunks for reuse, most recently used first, so that they are warm in the cache. It keeps at most
// `idle_limit` bytes of each capacity; chunks beyond that go back to the allocator. When an allocation fails, it first
// returns all idle chunks to the allocator and tries again. If that fails too, it tells the keeper and throws
// std::bad_alloc; the Buffer is unchanged. The pool must outlive its Buffers.
class BufferPool {
 public:
  static constexpr std::size_t idle_limit = 256 * 1024;
  static constexpr std::uint32_t classes = 7;  // of capacities: 256 << (2 * class)

  BufferPool() noexcept;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  // The number of bytes that Buffers hold now.
  std::size_t bytes_in_use() const noexcept { return bytes_allocated_ - bytes_idle(); }
  std::size_t bytes_idle() const noexcept;  // the number of bytes kept for reuse
  void release_idle() noexcept;             // returns the idle chunks to the allocator

  // A Keeper can make some Buffers release their storage. It is called from within an allocation, perhaps repeatedly,
  // and acts later, from the loop's stack.
  class Keeper {
   public:
    virtual void on_exhausted() noexcept = 0;  // called when the allocator has no memory for a Buffer

   protected:
    ~Keeper() = default;
  };
  void set_keeper(Keeper* keeper) noexcept { keeper_ = keeper; }  // null: no keeper
  void forget(const Keeper& keeper) noexcept {                    // clears the keeper if it is this one
    if (keeper_ == &keeper) keeper_ = nullptr;
  }

 private:
  friend class Buffer;
  struct Shelf;
  struct Chunk {
    Shelf* shelf;  // the shelf that it returns to
    Chunk* next;   // meaningful while the chunk is on its shelf
    std::uint32_t begin, end;
    std::size_t capacity;

    char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  };
  // The chunk of every empty Buffer, without bytes or room: so no access has to check for a null chunk.
  static Chunk none;

  struct Shelf {
    Chunk* first = nullptr;
    std::uint32_t room = 0;  // the number of chunks that it can still take
    std::uint32_t limit = 0;
    BufferPool* pool = nullptr;
  };

  // The smallest class whose capacity is at least `at_least`; `classes` if there is none.
  static constexpr std::uint32_t class_of(std::size_t at_least) noexcept {
    if (at_least <= 256) return 0;
    const auto wanted = (static_cast<std::uint32_t>(std::bit_width(at_least - 1)) - 7) / 2;
    return wanted < classes ? wanted : classes;
  }
  static constexpr std::size_t capacity_of(std::uint32_t size_class) noexcept {
    return std::size_t{256} << (2 * size_class);
  }

  static constexpr std::size_t capacity_for(std::size_t at_least) noexcept {
    const std::uint32_t size_class = class_of(at_least);
    return size_class < classes ? capacity_of(size_class) : at_least;
  }

  Chunk* take(std::size_t at_least) {
    Shelf& shelf = shelves_[class_of(at_least)];
    Chunk* chunk = shelf.first;
    if (chunk == nullptr) [[unlikely]]
      return allocate(at_least);
    shelf.first = chunk->next;
    ++shelf.room;
    chunk->begin = chunk->end = 0;
    return chunk;
  }
  static void give_back(Chunk* chunk) noexcept {
    Shelf& shelf = *chunk->shelf;
    if (shelf.room == 0) [[unlikely]]
      return release(chunk);
    --shelf.room;
    chunk->next = shelf.first;
    shelf.first = chunk;
  }
  Chunk* allocate(std::size_t at_least);
  void* allocate_at_last(std::size_t bytes);
  static void release(Chunk* chunk) noexcept;

  std::array<Shelf, classes + 1> shelves_;  // the last is for capacities beyond the classes and keeps none
  std::size_t bytes_allocated_ = 0;
  Keeper* keeper_ = nullptr;
};

class Buffer {
 public:
  static constexpr std::size_t max_size = ~std::uint32_t{0};  // includes the free room behind the bytes

  Buffer() noexcept = default;
  Buffer(Buffer&& other) noexcept : chunk_(other.chunk_) { other.chunk_ = &BufferPool::none; }
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) {
      clear();
      chunk_ = other.chunk_;
      other.chunk_ = &BufferPool::none;
    }
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { clear(); }

  std::size_t size() const noexcept { return chunk_->end - chunk_->begin; }
  bool empty() const noexcept { return size() == 0; }
  std::size_t capacity() const noexcept { return chunk_->capacity; }

  // The unconsumed bytes. The view is valid until the next call that is not const.
  std::string_view view() const noexcept { return {chunk_->bytes() + chunk_->begin, size()}; }

  // Free room of at least `at_least` bytes behind the unconsumed ones. Bytes written there count once commit() adds
  // them. The span is valid until the next call that is not const.
  std::span<char> prepare(BufferPool& pool, std::size_t at_least) {
    if (chunk_->capacity - chunk_->end < at_least) make_room(pool, at_least);
    return {chunk_->bytes() + chunk_->end, chunk_->capacity - chunk_->end};
  }
  void commit(std::size_t count) noexcept {  // at most as many as there is room for
    assert(count <= chunk_->capacity - chunk_->end);
    chunk_->end += static_cast<std::uint32_t>(count);
  }

  // Drops the first `count` bytes, at most size(). Gives the storage back when nothing is left.
  void consume(std::size_t count) noexcept {
    assert(count <= size());
    if (chunk_ == &BufferPool::none) return;
    chunk_->begin += static_cast<std::uint32_t>(count);
    if (chunk_->begin == chunk_->end) clear();
  }

  // Appends every part, copying it. Inlined, so that the length of a literal is known where it is written.
  template <typename... Parts>
  [[gnu::always_inline]] void append(BufferPool& pool, const Parts&... parts) {
    const std::size_t total = (std::string_view(parts).size() + ... + 0);
    if (chunk_->capacity - chunk_->end < total) [[unlikely]]
      make_room(pool, total);
    BufferPool::Chunk* const chunk = chunk_;
    char* out = chunk->bytes() + chunk->end;
    ((out = copy(std::string_view(parts), out)), ...);
    chunk->end += static_cast<std::uint32_t>(total);
  }

  // Drops all bytes but keeps the storage, for a buffer that is filled again at once. The Buffer must not be empty.
  void rewind() noexcept {
    assert(!empty());
    chunk_->begin = chunk_->end = 0;
  }

  void swap(Buffer& other) noexcept { std::swap(chunk_, other.chunk_); }

  void clear() noexcept {
    if (chunk_ != &BufferPool::none) BufferPool::give_back(chunk_);
    chunk_ = &BufferPool::none;
  }

  // Moves the bytes into the smallest storage that holds twice as many, where that is smaller and there is memory:
  // for a connection that goes idle with half a line.
  void shrink(BufferPool& pool) noexcept;

  // The capacity of a Buffer that was empty and has been given `bytes` bytes.
  static constexpr std::size_t capacity_for(std::size_t bytes) noexcept {
    return bytes == 0 ? 0 : BufferPool::capacity_for(bytes);
  }

 private:
  // An empty part may have a null pointer, which memcpy(3) does not allow.
  [[gnu::always_inline]] static char* copy(std::string_view part, char* out) noexcept {
    if (!part.empty()) std::memcpy(out, part.data(), part.size());
    return out + part.size();
  }
  void make_room(BufferPool& pool, std::size_t at_least);
  BufferPool::Chunk* chunk_ = &BufferPool::none;
};

}  // namespace reactord

// IoOperation and its kinds: what Conn::read() and the other verbs return. The coroutine that made one must await it, once.
// It refers to the connection (no verb can be called on a temporary Conn, which would be closed by then), and the
// connection points to it while its coroutine is suspended.
//
//     IoOperation <--+-- ReadOperation
//                    +-- PendingWrite <--+-- WriteOperation, GatherOperation    bytes
//                                        +-- ConnectOperation, FinishOperation  the two ends of a connection's life
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "reactord/buffer.hpp"
#include "reactord/error.hpp"
#include "reactord/task.hpp"

namespace reactord {

class Endpoint;

class IoOperation : public Resumable {
 public:
  explicit IoOperation(Endpoint& endpoint) noexcept : endpoint_(endpoint) {}
  void await_suspend(std::coroutine_handle<> waiter) noexcept { wake(waiter); }
  int failure() const noexcept { return failure_; }  // 0: none; above: an errno; below: failure_of() a code
 protected:
  friend class EndpointState;
  friend class WriteHalf;
  friend class ReadHalf;
  friend class Endpoint;
  friend class PipeEndpoint;
  Result<std::size_t> result(const char* operation) const;

  Endpoint& endpoint_;
  // The destination of a read.
  enum class Kind : std::uint8_t { memory, buffer, until_enough, take };

  std::size_t count_ = 0;  // bytes moved
  int failure_ = 0;
  Kind kind_ = Kind::memory;
};

constexpr int failure_of(ErrorCode code) noexcept { return -static_cast<int>(code); }

class [[nodiscard]] ReadOperation : public IoOperation {
 public:
  static constexpr std::size_t resume_bit = ~(~std::size_t{0} >> 1);

  ReadOperation(Endpoint& endpoint, std::span<char> into) noexcept
      : IoOperation(endpoint), bytes_(into.data()), size_(into.size()) {}
  ReadOperation(Endpoint& endpoint, Buffer& into) noexcept : IoOperation(endpoint), buffer_(&into), size_(1) {
    kind_ = Kind::buffer;
  }
  bool await_ready() noexcept;
  Result<std::size_t> await_resume() const { return result("read"); }

 protected:
  friend class ReadHalf;
  friend class Endpoint;
  friend class PipeEndpoint;

  // Called after each piece. True: it is enough, the waiter is resumed.
  using Enough = bool (*)(ReadOperation&) noexcept;
  // Called with the bytes where they arrive. Result: how many it has taken off their front; with resume_bit its waiter is
  // resumed too. The rest waits in the buffer.
  using Take = std::size_t (*)(ReadOperation&, std::string_view bytes) noexcept;

  ReadOperation(Endpoint& endpoint, Buffer& into, Enough enough) noexcept
      : IoOperation(endpoint), buffer_(&into), enough_(enough) {
    kind_ = Kind::until_enough;
  }
  ReadOperation(Endpoint& endpoint, Buffer& into, Take take) noexcept
      : IoOperation(endpoint), buffer_(&into), take_(take) {
    kind_ = Kind::take;
  }

  union {
    char* bytes_;     // Kind::memory
    Buffer* buffer_;  // the other kinds
  };
  union {
    std::size_t size_;  // Kind::memory; 1 for Kind::buffer
    Enough enough_;
    Take take_;
  };
};

class PendingWrite : public IoOperation {
 public:
  PendingWrite(Endpoint& endpoint, std::string_view* parts, std::size_t count,
               std::size_t until_unsent) noexcept
      : IoOperation(endpoint),
        parts_(parts),
        part_count_(static_cast<std::uint32_t>(count)),
        until_unsent_(static_cast<std::uint32_t>(until_unsent)) {}
  bool await_ready() noexcept;
  Result<std::size_t> await_resume() const { return result("write"); }
  std::size_t taken_over() const noexcept { return count_; }

  // As `until_unsent`: the limit of the connection, which is Conn::low_watermark unless it was set.
  static constexpr std::uint32_t until_low = 0xffff'ffff;

 protected:
  friend class WriteHalf;
  friend class PipeEndpoint;
  void drop_part() noexcept {
    *parts_++ = {};
    --part_count_;
  }
  void drop_sent(std::size_t count, std::size_t most_parts) noexcept;
  std::size_t left(std::size_t limit) const noexcept;
  std::string_view* parts_;
  std::uint32_t part_count_;
  std::uint32_t until_unsent_;  // the write is complete once no more bytes than this are unsent
};

template <std::size_t Count>
class [[nodiscard]] WriteOperation final : public PendingWrite {
 public:
  using Parts = std::array<std::string_view, Count>;
  WriteOperation(Endpoint& endpoint, std::size_t until_unsent, const Parts& parts) noexcept
      : PendingWrite(endpoint, nullptr, Count, until_unsent), storage_(parts) {
    parts_ = storage_.data();
  }
  WriteOperation(const WriteOperation&) = delete;

 private:
  Parts storage_;
};

// A write whose parts are gone at the end of the statement, so it must be awaited in that statement. A named one can't be
// awaited, and none can be moved or copied.
template <std::size_t Count>
class [[nodiscard]] WriteOfTemporaries {
 public:
  using Parts = typename WriteOperation<Count>::Parts;
  WriteOfTemporaries(Endpoint& endpoint, std::size_t until_unsent, const Parts& parts) noexcept
      : endpoint_(endpoint), until_unsent_(until_unsent), parts_(parts) {}
  WriteOfTemporaries(const WriteOfTemporaries&) = delete;

  friend WriteOperation<Count> operator co_await(WriteOfTemporaries write) noexcept {
    return {write.endpoint_, write.until_unsent_, write.parts_};
  }

 private:
  Endpoint& endpoint_;
  std::size_t until_unsent_;
  Parts parts_;
};

class [[nodiscard]] GatherOperation final : public PendingWrite {
 public:
  GatherOperation(Endpoint& endpoint, std::size_t until_unsent, std::span<std::string_view> parts) noexcept
      : PendingWrite(endpoint, parts.data(), parts.size(), until_unsent) {}
};

// Connects an endpoint that has just been made. Result: 0 once there is a connection; an errno, or a code by
// failure_of().
class [[nodiscard]] ConnectOperation final : public PendingWrite {
 public:
  explicit ConnectOperation(Endpoint& endpoint) noexcept : PendingWrite(endpoint, nullptr, 0, 0) {}
  bool await_ready() noexcept;
  int await_resume() const noexcept { return failure_; }
};

class [[nodiscard]] FinishOperation final : public PendingWrite {
 public:
  explicit FinishOperation(Endpoint& endpoint) noexcept : PendingWrite(endpoint, nullptr, 0, 0) {}
  bool await_ready() noexcept;
  Result<void> await_resume() const;
};

namespace detail {

// Whether the bytes of a part are gone at the end of the statement, as those of std::to_string(7). <string_view> declares
// enable_borrowed_range, which it specializes; <ranges> would cost each file of a user its 4,000 lines.
template <typename Part>
inline constexpr bool is_temporary = !std::is_lvalue_reference_v<Part> && !std::is_pointer_v<Part> &&
                                     !std::ranges::enable_borrowed_range<std::remove_cv_t<Part>>;

}  // namespace detail

template <typename... Parts>
using WriteOperationOf =
    std::conditional_t<(detail::is_temporary<Parts> || ...), WriteOfTemporaries<sizeof...(Parts)>,
                       WriteOperation<sizeof...(Parts)>>;

}  // namespace reactord

// Task<T>: a coroutine that the loop runs. Go's goroutine, without a stack of its own.
//
//     Task<> greet(Conn& conn) { auto sent = co_await conn.write("hello\n"); }
//
//     reactor.spawn(greet_everyone());          runs beside the others, reports to no caller
//     auto result = co_await count_lines(...);  runs now, the caller waits for it and owns its reference arguments
//
// A Task is lazy: it starts at spawn() or co_await. It is awaited or spawned once, or else never runs. A suspended task
// is never destroyed: the operation that it waits for fails, and it runs to its end. Its frame is freed after that, at
// the end of the turn.
//
// An exception that leaves an awaited task is rethrown where it is awaited. An exception that leaves a spawned task
// ends the program (std::terminate), as one that leaves a std::thread does.
//
// An awaited task runs on the stack of its awaiter until it first suspends. A task that ends without suspending gives
// that stack back, so a loop may await any number of them, however the program is compiled. The depth of nested awaits
// is bounded by the stack, as that of calls is.
//
// House style avoids the known coroutine faults of compilers: await into a named local, alone in its statement; no
// lambda with captures as a coroutine, except through Reactor::spawn(callable); parameters by value unless the awaiting
// caller owns them.
#pragma once

#include <cassert>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace reactord {

class Reactor;

// True when a T is valid only during the call that it is given to. A coroutine lives longer: one with such a parameter
// does not compile.
template <typename T>
inline constexpr bool is_valid_during_call_only = false;

// A node of the Reactor's queues that the loop resumes once. It must outlive its stay there.
struct Resumable {
  Resumable* next = nullptr;
  void (*run)(void* state) = nullptr;  // resumes a coroutine, or an object that is driven by its operations
  void* state = nullptr;

  void wake(std::coroutine_handle<> waiter) noexcept {
    run = [](void* frame) { std::coroutine_handle<>::from_address(frame).resume(); };
    state = waiter.address();
  }
  void resume() { run(state); }  // wake() has been called, or run and state are set
};

// A first-in, first-out queue of Resumables. It links them by `next` and allocates nothing.
//
//     first_ --> [Resumable] --> [Resumable] --> null
//                                     tail_ ------^
class ResumableQueue {
 public:
  ResumableQueue() noexcept = default;
  ResumableQueue(const ResumableQueue&) = delete;
  ResumableQueue& operator=(const ResumableQueue&) = delete;

  bool is_empty() const noexcept { return first_ == nullptr; }
  void push(Resumable& resumable) noexcept {  // `resumable` must be in no queue
    assert(tail_ != &resumable.next && resumable.run != nullptr);
    resumable.next = nullptr;
    *tail_ = &resumable;
    tail_ = &resumable.next;
  }
  // Empties the queue. Returns its first node, each linked to the next; null when it was empty.
  Resumable* take_all() noexcept {
    tail_ = &first_;
    return std::exchange(first_, nullptr);
  }
  // Moves the nodes of `other` behind its own.
  void append(ResumableQueue& other) noexcept {
    if (other.is_empty()) return;
    *tail_ = other.first_;
    tail_ = std::exchange(other.tail_, &other.first_);
    other.first_ = nullptr;
  }

 private:
  Resumable* first_ = nullptr;
  Resumable** tail_ = &first_;
};

namespace detail {

// `reactor` tells whether a task is awaited or spawned, so both states share their storage: a frame pays for one.
struct TaskPromiseBase {
  // The state of a task that is awaited.
  enum class Phase : std::uint8_t {
    within,   // not begun, or running within its awaiter's await_suspend(): the awaiter goes on by itself
    awaited,  // its awaiter is suspended, and is resumed by its end
    told,     // it goes on without an awaiter: its end resumes at_end (src/event/running_task.hpp)
    ended     // it has ended while still within, or told
  };
  struct Awaited {
    union {
      std::coroutine_handle<> awaiter = nullptr;
      Resumable* at_end;  // in Phase::told
    };
    std::exception_ptr exception;  // set when an exception has left the task
    Phase phase = Phase::within;
  };

  Reactor* reactor = nullptr;  // set for a spawned task only
  union {
    Awaited awaited;
    Resumable node;  // a spawned task's own frame, in a queue at birth and again at the end
  };

  TaskPromiseBase() noexcept : awaited() {}
  TaskPromiseBase(const TaskPromiseBase&) = delete;
  TaskPromiseBase& operator=(const TaskPromiseBase&) = delete;
  ~TaskPromiseBase() {
    if (reactor == nullptr) awaited.~Awaited();
  }

  // Frames of up to 1 KiB are kept by the thread that frees them, for its next ones: src/event/frame_pool.hpp.
  static void* operator new(std::size_t size);
  static void operator delete(void* frame, std::size_t size) noexcept;

  void become_spawned(Reactor& by) noexcept {
    awaited.~Awaited();
    std::construct_at(&node);
    reactor = &by;
  }

  static std::suspend_always initial_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept {
    if (reactor != nullptr) std::terminate();
    awaited.exception = std::current_exception();
  }
  void rethrow() {
    if (awaited.exception) [[unlikely]]
      std::rethrow_exception(std::move(awaited.exception));
  }

  struct FinalAwaiter {
    static bool await_ready() noexcept { return false; }
    template <typename Promise>
    static std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept {
      TaskPromiseBase& promise = ended.promise();
      if (promise.reactor != nullptr) {
        task_ended(promise);
      } else if (promise.awaited.phase == Phase::awaited) {
        return promise.awaited.awaiter;
      } else if (std::exchange(promise.awaited.phase, Phase::ended) == Phase::told) {
        promise.awaited.at_end->resume();
      }
      return std::noop_coroutine();
    }
    static void await_resume() noexcept {}
  };
  static FinalAwaiter final_suspend() noexcept { return {}; }

  static void task_ended(TaskPromiseBase& promise) noexcept;
};

template <typename T>
struct TaskPromise;

}  // namespace detail

template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using Value = T;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle frame) noexcept : frame_(frame) {}
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (frame_) frame_.destroy();  // it never ran, or it has ended
  }

  bool await_ready() const noexcept { return false; }
  // Symmetric transfer is avoided: it takes stack wherever the compiler makes no tail call of it. False: it has ended.
  bool await_suspend(std::coroutine_handle<> awaiter) noexcept {
    assert(frame_ && !frame_.promise().awaited.awaiter && "a Task is awaited or spawned once");
    detail::TaskPromiseBase::Awaited& awaited = frame_.promise().awaited;
    awaited.awaiter = awaiter;
    frame_.resume();
    if (awaited.phase == detail::TaskPromiseBase::Phase::ended) return false;
    awaited.phase = detail::TaskPromiseBase::Phase::awaited;
    return true;
  }
  T await_resume() { return frame_.promise().take(); }

 private:
  friend class Reactor;
  friend class RunningTask;
  Handle release() noexcept { return std::exchange(frame_, nullptr); }
  Handle frame_;
};

namespace detail {

template <typename T>
struct TaskPromise : TaskPromiseBase {
  std::optional<T> value;
  TaskPromise() noexcept = default;
  template <typename... Parameters>
  requires(is_valid_during_call_only<std::remove_cvref_t<Parameters>> ||
           ...) explicit TaskPromise(Parameters&...) {
    static_assert(sizeof...(Parameters) == 0, "a coroutine outlives what is valid during a call only");
  }

  Task<T> get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
  }
  void return_value(T result) { value.emplace(std::move(result)); }
  T take() {
    rethrow();
    return std::move(*value);
  }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  TaskPromise() noexcept = default;
  template <typename... Parameters>
  requires(is_valid_during_call_only<std::remove_cvref_t<Parameters>> ||
           ...) explicit TaskPromise(Parameters&...) {
    static_assert(sizeof...(Parameters) == 0, "a coroutine outlives what is valid during a call only");
  }

  Task<void> get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
  }
  static void return_void() noexcept {}
  void take() { rethrow(); }
};

template <typename Callable, typename... Arguments>
concept makes_task = requires(Callable& callable, Arguments... arguments) {
  { callable(std::move(arguments)...) } -> std::same_as<Task<>>;
};

// For Reactor::spawn(): the frame keeps the callable and its arguments. A temporary converted from an argument lives
// until the task ends.
template <typename Callable, typename... Arguments>
Task<> call_kept(Callable callable, Arguments... arguments) {
  co_await callable(std::move(arguments)...);
}

}  // namespace detail
}  // namespace reactord

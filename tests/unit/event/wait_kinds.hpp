// Every primitive that a task can wait for, in one form, for the suite in waits_test.cpp. A new one is a Kind here and a
// row in kinds().
//
//     make()   nothing that a wait could take is there: a wait suspends
//     give()   lets at least one wait that suspends end, or the next one begin and end at once
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <span>
#include <utility>

#include "reactord/channel.hpp"
#include "reactord/event.hpp"
#include "reactord/first_of.hpp"
#include "reactord/joinable.hpp"
#include "reactord/semaphore.hpp"
#include "reactord/wait.hpp"
#include "reactord/wait_group.hpp"
#include "reactord/with_timeout.hpp"

namespace test::waits {

using reactord::Context;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using reactord::WaitLimit;

class Waited {
 public:
  virtual ~Waited() = default;
  virtual Task<Result<void>> wait(WaitLimit limit) = 0;
  virtual void give() = 0;
};

struct Kind {
  const char* name;
  std::unique_ptr<Waited> (*make)(Reactor& reactor);
  bool gives_to_all;   // give() lets all waits end; otherwise one
  bool gives_at_once;  // a wait has ended when give() returns, and only its task is still to be resumed
};

class WaitedEvent final : public Waited {
 public:
  explicit WaitedEvent(Reactor& reactor) : event_(reactor) {}
  Task<Result<void>> wait(WaitLimit limit) override {
    auto waited = co_await event_.wait(limit);
    co_return waited;
  }
  void give() override { event_.set(); }

 private:
  reactord::Event event_;
};

class WaitedSemaphore final : public Waited {
 public:
  explicit WaitedSemaphore(Reactor& reactor) : semaphore_(reactor, 3) { taken_ = *semaphore_.try_acquire(3); }
  // What it acquires stays with it, so that each give() lets one go on.
  Task<Result<void>> wait(WaitLimit limit) override {
    auto permit = co_await semaphore_.acquire(3, limit);
    if (!permit) co_return std::unexpected(std::move(permit).error());
    taken_ = std::move(*permit);
    co_return {};
  }
  void give() override { taken_.release(); }

 private:
  reactord::Permit taken_;
  reactord::Semaphore semaphore_;  // goes first, with the permit out
};

class WaitedGroup final : public Waited {
 public:
  explicit WaitedGroup(Reactor& reactor) : group_(reactor) { group_.add(); }
  Task<Result<void>> wait(WaitLimit limit) override {
    auto waited = co_await group_.wait(limit);
    co_return waited;
  }
  void give() override {
    if (group_.count() > 0) group_.done();
  }

 private:
  reactord::WaitGroup group_;
};

// A receive on an empty channel. Where nothing lies in between, another task sends.
template <std::size_t capacity>
class WaitedReceive final : public Waited {
 public:
  explicit WaitedReceive(Reactor& reactor) : channel_(reactor, capacity), reactor_(reactor) {}
  Task<Result<void>> wait(WaitLimit limit) override {
    auto item = co_await channel_.receive(limit);
    if (!item) co_return std::unexpected(std::move(item).error());
    co_return {};
  }
  void give() override {
    const auto sent = channel_.try_send(1);
    if (sent && !*sent) reactor_.spawn(send(channel_));
  }

 private:
  static Task<> send(reactord::Channel<int>& channel) { co_await channel.send(1); }
  reactord::Channel<int> channel_;
  Reactor& reactor_;
};

// A send on a full one.
template <std::size_t capacity>
class WaitedSend final : public Waited {
 public:
  explicit WaitedSend(Reactor& reactor) : channel_(reactor, capacity), reactor_(reactor) {
    for (std::size_t full = 0; full < capacity; ++full) static_cast<void>(channel_.try_send(1));
  }
  Task<Result<void>> wait(WaitLimit limit) override {
    auto sent = co_await channel_.send(1, limit);
    co_return sent;
  }
  void give() override {
    const auto item = channel_.try_receive();
    if (item && !*item) reactor_.spawn(receive(channel_));
  }

 private:
  static Task<> receive(reactord::Channel<int>& channel) { co_await channel.receive(); }
  reactord::Channel<int> channel_;
  Reactor& reactor_;
};

// The join of a task that waits for an event. When the join has failed the task is cancelled, so that it ends too.
class WaitedJoin final : public Waited {
 public:
  explicit WaitedJoin(Reactor& reactor) : reactor_(reactor), event_(reactor) {}
  Task<Result<void>> wait(WaitLimit limit) override {
    Context& context = contexts_.emplace_back(reactor_);
    auto task = reactord::spawn_joinable(reactor_, [this, &context]() -> Task<Result<void>> {
      auto waited = co_await event_.wait(context);
      co_return waited;
    });
    auto joined = co_await task.join(limit);
    const bool is_gone = !joined && joined.error().is_closed();
    if (!joined && !is_gone) context.cancel();
    co_return joined;
  }
  void give() override { event_.set(); }

 private:
  Reactor& reactor_;
  std::list<Context> contexts_;
  reactord::Event event_;
};

// The Context of a wait, for what takes nothing else: a child of the one of `limit`, with its deadline.
struct Scope {
  Scope(Reactor& reactor, WaitLimit limit)
      : root(reactor), context(limit.context() == nullptr ? root : *limit.context(), limit.deadline()) {}
  Context root;
  Context context;
};

class WaitedTimeout final : public Waited {
 public:
  explicit WaitedTimeout(Reactor& reactor) : reactor_(reactor), event_(reactor) {}
  Task<Result<void>> wait(WaitLimit limit) override {
    Scope scope(reactor_, limit);
    const auto wait_for_it = [this](Context& context) -> Task<Result<void>> {
      auto waited = co_await event_.wait(context);
      co_return waited;
    };
    auto waited = co_await reactord::with_timeout(scope.context, std::chrono::hours(24), wait_for_it);
    co_return waited;
  }
  void give() override { event_.set(); }

 private:
  Reactor& reactor_;
  reactord::Event event_;
};

class WaitedFirst final : public Waited {
 public:
  explicit WaitedFirst(Reactor& reactor) : reactor_(reactor), event_(reactor), never_(reactor) {}
  Task<Result<void>> wait(WaitLimit limit) override {
    Scope scope(reactor_, limit);
    const auto wait_for = [](reactord::Event& event) {
      return [&event](Context& context) -> Task<Result<void>> {
        auto waited = co_await event.wait(context);
        co_return waited;
      };
    };
    auto waited = co_await reactord::first_of(scope.context, wait_for(never_), wait_for(event_));
    co_return waited;
  }
  void give() override { event_.set(); }

 private:
  Reactor& reactor_;
  reactord::Event event_;
  reactord::Event never_;
};

template <typename Type>
std::unique_ptr<Waited> make(Reactor& reactor) {
  return std::make_unique<Type>(reactor);
}

inline std::span<const Kind> kinds() {
  static constexpr Kind all[] = {
      {"event", make<WaitedEvent>, true, true},
      {"semaphore", make<WaitedSemaphore>, false, true},
      {"wait group", make<WaitedGroup>, true, true},
      {"receive", make<WaitedReceive<8>>, false, true},
      {"receive at a rendezvous", make<WaitedReceive<0>>, false, true},
      {"send", make<WaitedSend<1>>, false, true},
      {"send at a rendezvous", make<WaitedSend<0>>, false, true},
      {"join", make<WaitedJoin>, true, false},
      {"with_timeout", make<WaitedTimeout>, true, true},
      {"first_of", make<WaitedFirst>, true, true},
  };
  return all;
}

}  // namespace test::waits

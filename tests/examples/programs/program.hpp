// The parts that the programs here share: they listen at the address that is their first argument, say where in one line,
// and end in order when a signal says so.
//
//     main --> serve(): listen, "listening on 127.0.0.1:4711" --> run() ... SIGTERM or SIGINT --> drain --> exit 0
#pragma once

#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "reactord/context.hpp"
#include "reactord/listener.hpp"
#include "reactord/run_until_signal.hpp"
#include "reactord/server.hpp"
#include "reactord/signals.hpp"

namespace program {

// The result is main's: 1.
inline int complain(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  return 1;
}

// The whole word as a number, if it is one and fits.
template <typename Number>
std::optional<Number> number(std::string_view word) {
  Number value = 0;
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (failure != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

inline void say_where(const reactord::Address& address) {
  std::printf("listening on %s\n", address.text().c_str());
  std::fflush(stdout);
}

inline reactord::Result<reactord::Signals> ending_signals(reactord::Reactor& reactor) {
  return reactord::Signals::open(reactor, {SIGTERM, SIGINT});
}

// Blocks the signals that run_until_signal() waits for, in this thread and in those that it starts from now on.
inline void block_ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// The result is main's: 0 when all has ended in order.
inline int run(reactord::Reactor& reactor) {
  auto ran = reactor.run();
  return ran ? 0 : complain(ran.error().text());
}

// Serves `handler` at `address` until a signal comes. The result is main's.
inline int serve(reactord::Reactor& reactor, const char* address, reactord::AnyHandler handler,
                 const reactord::Limits& limits = {}) {
  reactord::Server server(reactor, {.limits = limits});
  auto listening = server.listen(address, handler);
  if (!listening) return complain(listening.error().text());
  say_where(*listening);
  auto ran = reactord::run_until_signal(server, {.drain_timeout = std::chrono::seconds(5)});
  return ran ? 0 : complain(ran.error().text());
}

inline int serve(const char* address, reactord::AnyHandler handler, const reactord::Limits& limits = {}) {
  reactord::Reactor reactor;
  return serve(reactor, address, handler, limits);
}

// For programs that accept by themselves: no connection is accepted any more, and `connections` are told to end. Both must
// live until run() returns.
inline reactord::Task<> close_at_signal(reactord::Signals& signals, reactord::Listener& listener,
                                        reactord::Context& connections) {
  auto number = co_await signals.next();
  if (!number) co_return;
  auto closed = listener.close();
  if (!closed) complain(closed.error().text());
  connections.cancel();
}

}  // namespace program

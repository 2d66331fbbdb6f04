// ReaderWatch: notices that nobody reads standard output any more, while nothing is written to it. A command that goes on may
// have nothing to write for hours, and `| head -1` has seen enough.
#pragma once

#include "base/system.hpp"
#include "reactord/conn.hpp"
#include "reactord/reactor.hpp"
#include "reactord/watch.hpp"

namespace reactord::control {

class ReaderWatch final : public Watch {
 public:
  // Watches what `output` is, which stays the caller's: a pipe, a socket or a terminal. A file has no reader that could go, and
  // is not watched: the handle is empty then. `conn` is aborted where the reader goes, and must outlive the handle.
  static WatchHandle<ReaderWatch> open(Reactor& reactor, int output, Conn& conn) {
    const int own = system::duplicate(output);
    if (own < 0) return nullptr;
    WatchHandle<ReaderWatch> watch(new ReaderWatch(reactor, own, conn));
    watch->set_held_elsewhere();
    const auto added = reactor.add(*watch);
    if (!added) watch.reset();
    return watch;
  }
  bool is_gone() const noexcept { return is_gone_; }

 private:
  ReaderWatch(Reactor& reactor, int own, Conn& conn) noexcept : Watch(reactor, own), conn_(conn) {}

  // A pipe without a reader has an error, a socket has hung up. A peer that only sends no more goes on reading.
  void on_ready(Readiness news) override {
    if ((news & (readiness::error | readiness::hang_up)) == 0) return;
    is_gone_ = true;
    conn_.abort();
  }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override { reactor().retire(*this); }

  Conn& conn_;
  bool is_gone_ = false;
};

}  // namespace reactord::control

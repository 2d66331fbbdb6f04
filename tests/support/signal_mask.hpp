// SignalMask: the signals that this thread blocks are at the end as they were at the beginning.
#pragma once

#include <doctest/doctest.h>
#include <pthread.h>

#include <csignal>

namespace test {

class SignalMask {
 public:
  SignalMask() { REQUIRE(::pthread_sigmask(SIG_BLOCK, nullptr, &before_) == 0); }
  SignalMask(const SignalMask&) = delete;
  SignalMask& operator=(const SignalMask&) = delete;
  ~SignalMask() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  void block(int number) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    REQUIRE(::pthread_sigmask(SIG_BLOCK, &one, nullptr) == 0);
  }

 private:
  sigset_t before_{};
};

}  // namespace test

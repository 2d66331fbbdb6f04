// RecordingObserver: keeps every event of a Server, for a test to ask what it wants to know. It takes memory for each event.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reactord/server.hpp"

namespace test {

using Texts = std::vector<std::string>;

class RecordingObserver : public reactord::ServerObserver {
 public:
  struct End {
    std::string protocol, limit;
    reactord::EndCause cause;
    int error;
    std::uint64_t lines, bytes_read, bytes_written;
    reactord::Duration duration;

    std::string cause_and_limit() const { return to_string(cause) + (limit.empty() ? "" : ' ' + limit); }
    std::string text() const {
      return protocol + ' ' + to_string(cause) + " error=" + std::to_string(error) +
             " lines=" + std::to_string(lines) + " in=" + std::to_string(bytes_read) +
             " out=" + std::to_string(bytes_written);
    }
  };
  struct Limit {
    std::string limit, action, protocol;
    std::string host;  // of the client; empty where all clients are meant
  };
  struct Stall {
    std::string protocol;
    reactord::Duration duration;
  };

  std::vector<End> ends;
  std::vector<std::uint64_t> numbers;  // of the connections of `ends`
  std::vector<Limit> limits;
  std::vector<Stall> stalls;
  Texts handler_failures;  // "protocol: what"
  std::vector<reactord::Error> wait_failures, accept_pauses, listener_failures;
  std::size_t accepted = 0;
  int drained = 0;

  // What a test does within the next such call, and in that alone, once the event has been kept.
  std::function<void()> at_accept, at_limit, at_drained;

  Texts causes() const {  // "slow-line", "over-limit max-buffers"
    Texts texts;
    for (const End& end : ends) texts.push_back(end.cause_and_limit());
    return texts;
  }
  Texts causes_other_than(reactord::EndCause cause) const {
    Texts texts;
    for (const End& end : ends) {
      if (end.cause != cause) texts.push_back(end.cause_and_limit());
    }
    return texts;
  }
  Texts summaries() const {  // "line eof error=0 lines=1 in=2 out=6"
    Texts texts;
    for (const End& end : ends) texts.push_back(end.text());
    return texts;
  }
  Texts limits_met() const {  // "max-line truncated"
    Texts texts;
    for (const Limit& met : limits) texts.push_back(met.limit + ' ' + met.action);
    return texts;
  }
  // "max-connections line", and the address behind it where one waits. Fails the test where a limit did anything else.
  Texts deferred() const {
    Texts texts;
    for (const Limit& met : limits) {
      CHECK(met.action == "deferred");
      texts.push_back(met.limit + ' ' + met.protocol + (met.host.empty() ? "" : ' ' + met.host));
    }
    return texts;
  }

 protected:
  void on_accepted() override {
    ++accepted;
    if (at_accept) std::exchange(at_accept, nullptr)();
  }
  void on_closed(const reactord::ConnectionEnd& end) override {
    numbers.push_back(end.number);
    ends.push_back({.protocol = std::string(end.protocol),
                    .limit = std::string(end.limit),
                    .cause = end.cause,
                    .error = end.error,
                    .lines = end.lines,
                    .bytes_read = end.bytes_read,
                    .bytes_written = end.bytes_written,
                    .duration = end.duration});
  }
  void on_limit(const reactord::LimitReached& reached) override {
    limits.push_back({.limit = std::string(reached.limit),
                      .action = std::string(reached.action),
                      .protocol = std::string(reached.protocol),
                      .host = reached.remote == nullptr ? std::string() : reached.remote->host()});
    if (at_limit) std::exchange(at_limit, nullptr)();
  }
  void on_stall(const reactord::HandlerStall& stall) override {
    stalls.push_back({.protocol = std::string(stall.protocol), .duration = stall.duration});
  }
  void on_handler_failed(const reactord::HandlerFailure& failure) override {
    handler_failures.push_back(std::string(failure.protocol) + ": " + std::string(failure.text));
  }
  void on_wait_failed(const reactord::Error& error) override { wait_failures.push_back(error); }
  void on_accept_paused(const reactord::Error& error, reactord::Duration) override {
    accept_pauses.push_back(error);
  }
  void on_listener_failed(reactord::ListenerId, const reactord::Error& error) override {
    listener_failures.push_back(error);
  }
  void on_drained() override {
    ++drained;
    if (at_drained) std::exchange(at_drained, nullptr)();
  }
};

}  // namespace test

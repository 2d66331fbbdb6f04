// FakeControl: a control socket that answers what a test says.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "reactord/line_reader.hpp"
#include "reactord/listener.hpp"
#include "reactord/reactor.hpp"

namespace test {

inline constexpr std::string_view hang_up = "(hang up)";  // at the end of an answer
inline constexpr std::string_view silence = "(silence)";  // an answer that never ends: nobody hangs up

// A control socket on a thread of its own. Every line that comes is answered by what `answer` returns for it.
class FakeControl {
 public:
  using Words = std::vector<std::string>;
  using Answer = std::function<std::string(std::string_view request)>;

  FakeControl(const std::string& address, Answer answer) : answer_(std::move(answer)) {
    auto listener = reactord::listen(reactor_, "unix", address);
    if (!listener) FAIL(listener.error().text());
    reactor_.spawn(accept(std::move(*listener)));
    thread_ = std::thread([this] { static_cast<void>(reactor_.run()); });
  }
  FakeControl(const FakeControl&) = delete;
  FakeControl& operator=(const FakeControl&) = delete;
  ~FakeControl() { stop(); }

  // What was asked, in this order. The server answers nothing from now on.
  Words requests() {
    stop();
    return requests_;
  }

 private:
  void stop() {
    if (!thread_.joinable()) return;
    reactor_.post([this] { reactor_.shutdown(); });
    thread_.join();
  }

  reactord::Task<> accept(reactord::Listener listener) {
    while (true) {
      auto conn = co_await listener.accept();
      if (!conn) co_return;
      reactor_.spawn(serve(std::move(*conn)));
    }
  }

  reactord::Task<> serve(reactord::Conn conn) {
    reactord::LineReader lines(conn);
    while (true) {
      auto line = co_await lines.read_line();
      if (!line) co_return;
      requests_.emplace_back(*line);
      std::string answer = answer_(*line);
      if (answer.ends_with(silence)) answer.resize(answer.size() - silence.size());
      const bool hangs_up = answer.ends_with(hang_up);
      if (hangs_up) answer.resize(answer.size() - hang_up.size());
      auto written = co_await conn.write(answer);
      if (!written || hangs_up) co_return;
    }
  }

  Answer answer_;
  Words requests_;  // the thread's, until it has ended
  reactord::Reactor reactor_;
  std::thread thread_;
};

}  // namespace test

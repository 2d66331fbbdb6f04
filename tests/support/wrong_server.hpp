// WrongServer: a line server that answers as the line protocol does, but for what it is told to do wrong. One thread, one
// connection at a time, blocking.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "support/process.hpp"

namespace test {

class WrongServer {
 public:
  enum class Fault {
    none,
    lose,       // the 100th reply does not come
    duplicate,  // the 100th comes twice
    reorder,    // the 100th comes after the 101st
    alter,      // a byte of the 100th is another
    silent,     // no reply comes after the 100th
    leave,      // the connection ends in place of the 100th
    stall,      // once, before the 100th, nothing is done for 200 ms
  };
  explicit WrongServer(Fault fault);
  ~WrongServer();
  WrongServer(const WrongServer&) = delete;
  WrongServer& operator=(const WrongServer&) = delete;
  const std::string& address() const { return address_; }
  bool has_fallen_silent() const { return fell_silent_; }

 private:
  void serve();
  bool answer_lines(int fd, std::string& input);
  void add(const std::string& line);

  Fault fault_;
  Descriptor listener_;
  std::string address_;
  unsigned replies_ = 0;
  std::string held_, output_;
  std::atomic<bool> over_ = false, fell_silent_ = false;
  std::thread thread_;
};

}  // namespace test

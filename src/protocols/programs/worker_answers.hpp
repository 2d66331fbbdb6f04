// WorkerAnswers: what a worker has written at one read, dealt out to its connections.
//
//     7 OK\n 7 NONE\n 7+ a\n 8 OK\n 7 b\n
//     +------- run --------+               gathered_ [OK\nNONE\na\n] --> connection 7, which has two lines answered
//
// Answers to one connection that follow each other are a run: they are sent as one piece, and counted at once.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "protocols/programs/worker_answer.hpp"

namespace reactord {

class WorkerClient;
class WorkerProcess;
class WorkerSlot;

class WorkerAnswers {
 public:
  static constexpr std::size_t most_gathered = 4 * 1024;  // bytes of a run; longer ones are sent in pieces

  // Both outlive it.
  WorkerAnswers(WorkerSlot& slot, WorkerProcess& worker) noexcept : slot_(slot), worker_(worker) {}
  WorkerAnswers(const WorkerAnswers&) = delete;
  WorkerAnswers& operator=(const WorkerAnswers&) = delete;

  // Deals out `lines`, each with its newline. Result: those from the first on that is no answer; empty: all are answers, or
  // the worker is over.
  std::string_view deal(std::string_view lines);

 private:
  void add(const WorkerAnswer& answer);
  void gather(std::string_view bytes);
  void send();
  void deliver();

  WorkerSlot& slot_;
  WorkerProcess& worker_;
  WorkerClient* client_ = nullptr;  // of the run; null: none has begun, or its connection has ended
  std::size_t lines_ = 0;           // that the run answers
  std::size_t size_ = 0;            // of what is gathered
  std::array<char, most_gathered> gathered_;
};

}  // namespace reactord

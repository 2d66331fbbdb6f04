// WorkerSlot: the place of one worker of a program: a process is kept running in it, one after the other, for the
// connections that belong to it.
//
//     clients_    7 8 9 ...          every connection stays with its slot
//                   | lines
//     greeting_   [serving]          the next one: it is told of the connections, then it takes the place of worker_
//     worker_     [serving]          null: none runs; lines wait in unwritten_ for the next one
//     leaving_    [finishing] [over] the former ones: a reload came, or they have failed
//
//     a worker ends --> its lines without an answer are lost, and their connections told so
//                       lines it has not begun to take go to the next one
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>

#include "protocols/programs/former_workers.hpp"
#include "protocols/programs/start_pause.hpp"
#include "protocols/programs/worker_client.hpp"
#include "protocols/programs/worker_greeting.hpp"
#include "protocols/programs/worker_process.hpp"
#include "protocols/programs/worker_waits.hpp"
#include "reactord/line_reader.hpp"

namespace reactord {

class WorkerSlot final : WorkerProcessListener, Timer {
 public:
  // Connections that are given up in a turn of the loop; more of them that are late wait for the next one.
  static constexpr std::size_t late_per_turn = 32;
  static constexpr std::size_t moved_per_turn = 128;  // clients to other slots

  WorkerSlot(WorkerPool& pool, unsigned number);
  ~WorkerSlot();

  // Starts a worker at `time`, in the place of the one that runs, if any.
  void start_at(Time time);
  // No worker is started any more. The one that runs ends once it has answered.
  void stop();
  bool is_stopped() const noexcept { return is_stopped_; }
  bool is_empty() const noexcept { return clients_.empty() && processes() == 0; }

  // Clients go to other slots, in parts: those without open lines, and those whose lines wait. Throws std::bad_alloc.
  void move_clients();

  bool is_running() const noexcept { return worker_ != nullptr; }  // a worker takes lines
  std::size_t clients() const noexcept { return clients_.size(); }
  std::size_t processes() const noexcept {
    return leaving_.size() + (worker_ ? 1 : 0) + (greeting_.is_under_way() ? 1 : 0);
  }

  void join(WorkerClient& client);  // the caller sees to its open lines, if it has any
  void leave(WorkerClient& client, EndCause cause) noexcept;
  // The client, which has no open lines, joins `next`; this slot is stopped. Throws std::bad_alloc: it stays then.
  void hand_to(WorkerSlot& next, WorkerClient& client);

  // The number of lines that the client may send now. Zero: it is woken when that may have changed.
  std::size_t room_for(WorkerClient& client);
  // Only where there is room for it. Throws std::bad_alloc.
  void send(WorkerClient& client, std::string_view line);
  // Sends `line` and those behind it that `reader` has whole, as far as there is room. Result: the first that is not sent, a
  // view into `reader`; empty: none is left. Throws std::bad_alloc.
  std::optional<std::string_view> send_lines(WorkerClient& client, std::string_view line, LineReader& reader);
  void forget_lines(WorkerClient& client) noexcept;  // nobody waits for their answers any more

  // ---- For the answers of its workers.

  // Null: that connection has ended. One that has never been is a fault of `worker`, which is over then.
  WorkerClient* client_of(std::uint64_t connection, WorkerProcess& worker);
  // `worker` has answered the oldest `count` lines of the client, as far as it has been given so many.
  void lines_answered(WorkerClient& client, std::size_t count, WorkerProcess& worker);

 private:
  friend class WorkerPool;
  std::string_view on_worker_lines(WorkerProcess& worker, std::string_view lines) override;
  void on_worker_room(WorkerProcess& worker) override;
  void on_worker_over(WorkerProcess& worker) override;
  void on_worker_ended(WorkerProcess& worker) override;
  void on_timer() override;

  Reactor& reactor() const noexcept;
  void start();
  void greet_some();
  void be_greeted();
  void retire(std::unique_ptr<WorkerProcess> worker) noexcept;
  Result<std::unique_ptr<WorkerProcess>> try_to_start();
  std::size_t waiting_bytes() const noexcept { return worker_ ? worker_->waiting() : unwritten_.size(); }
  std::size_t open_lines() const noexcept { return worker_ ? worker_->open_lines : 0; }
  void give(WorkerClient& client, std::string_view line);
  void make_room();
  void give_up_on(WorkerClient& client, Time since);
  void close_if_done(WorkerProcess& worker);
  std::uint64_t lose_lines(WorkerProcess& worker, std::string_view unwritten);
  void keep_lines(std::string_view unwritten);
  void hand_over_lines();
  void move(WorkerClient& client);
  void keep_line(WorkerClient& client, std::string_view line);
  void look_for_late();
  void arm();

  WorkerPool& pool_;
  const unsigned number_;
  WorkerGreeting greeting_;
  std::unique_ptr<WorkerProcess> worker_;  // serving; null: none
  FormerWorkers leaving_;                  // finishing or over
  std::unordered_map<std::uint64_t, WorkerClient*> clients_;
  WorkerWaits waits_;
  Buffer unwritten_;               // lines for the next worker
  Time start_at_ = Time::never();  // when the next worker is started
  StartPause pause_;
  bool is_stopped_ = false;
};

}  // namespace reactord

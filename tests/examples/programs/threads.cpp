// threads ADDRESS: answers each line, a number, with how many primes there are below it. A thread of its own counts them, so the
// loop serves everybody else meanwhile.
//
//     loop    on_line("100") -- jobs_ -->  thread    counts ... 25
//       ^                                    |
//       +---- Reactor::post(answer) <--------+       then ConnectionHandle::get(): is the connection still there?
//
// The loop is told of each answer by post(), the only call that another thread may make. A client that ends before its answer
// is ready is gone by then: an AsyncLineHandler would wait for it.
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "program.hpp"

using namespace reactord;

namespace {

constexpr std::uint32_t greatest = 10'000'000;
constexpr std::size_t most_jobs = 64;  // that wait

std::size_t primes_below(std::uint32_t end) {
  std::vector<bool> is_composite(end);
  std::size_t count = 0;
  for (std::uint64_t number = 2; number < end; ++number) {
    if (is_composite[number]) continue;
    ++count;
    for (std::uint64_t multiple = number * number; multiple < end; multiple += number)
      is_composite[multiple] = true;
  }
  return count;
}

// Must end before its Reactor: it posts to it.
class Worker {
 public:
  explicit Worker(Reactor& reactor) : reactor_(reactor), thread_([this] { work(); }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // False: too many jobs wait.
  bool count_for(ConnectionHandle asker, std::uint32_t end) {
    {
      const std::lock_guard lock(mutex_);
      if (jobs_.size() == most_jobs) return false;
      jobs_.push_back({asker, end});
    }
    changed_.notify_one();
    return true;
  }

 private:
  struct Job {
    ConnectionHandle asker;
    std::uint32_t end;
  };

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return is_ending_ || !jobs_.empty(); });
      if (is_ending_) return;
      const Job job = jobs_.front();
      jobs_.pop_front();
      lock.unlock();
      reactor_.post([asker = job.asker, answer = std::to_string(primes_below(job.end)) + "\n"] {
        if (LineConnection* const connection = asker.get()) connection->push(answer);
      });
      lock.lock();
    }
  }

  Reactor& reactor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool is_ending_ = false;
  std::thread thread_;  // the last: it uses the others
};

class Asker final : public LineConnection {
 public:
  explicit Asker(Worker& worker) : worker_(worker) {}

 private:
  void on_line(std::string_view line, Reply& reply) override {
    const auto end = program::number<std::uint32_t>(line);
    if (!end || *end > greatest) {
      reply.write("! a number, at most 10000000\n");
    } else if (!worker_.count_for(handle(), *end)) {
      reply.write("! busy: ask later\n");
    }
  }

  Worker& worker_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return program::complain("usage: threads ADDRESS, as in threads 127.0.0.1:9090");
  Reactor reactor;
  program::block_ending_signals();  // before the thread, which must not have them
  Worker worker(reactor);
  LineConnectionFactory askers([&worker] { return std::make_unique<Asker>(worker); });
  return program::serve(reactor, arguments[1], askers);
}

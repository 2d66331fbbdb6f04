// pool ADDRESS [QUESTIONS]: asks a line server that many questions, 1000 if not told, over at most four connections, which are
// kept for the next question. Each question has a second, and three attempts. Prints how many were answered.
//
//     ask("17") --> places_: waits for one of four --> with_timeout(1 s) --> idle_, or dial() --> write, read_line()
//         ^                                                                                         |
//         +-- after a pause, on another connection <-- an error: the connection goes <--------------+--> back to idle_
//
// SIGINT and SIGTERM cancel the Context at the root: whatever waits then fails, and every task runs to its end.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "program.hpp"
#include "reactord/buffered_reader.hpp"
#include "reactord/dial.hpp"
#include "reactord/semaphore.hpp"
#include "reactord/wait_group.hpp"
#include "reactord/with_timeout.hpp"

using namespace reactord;

namespace {

class Pool {
 public:
  static constexpr std::size_t connections = 4;
  static constexpr int attempts = 3;
  static constexpr Duration time_of_attempt = 1s, first_pause = 20ms;

  Pool(Reactor& reactor, std::string address) : address_(std::move(address)), places_(reactor, connections) {}

  Task<Result<std::string>> ask(std::string question, Context& context) {
    auto place = co_await places_.acquire(1, context);  // given back at the end
    if (!place) co_return std::unexpected(std::move(place).error());
    for (int attempt = 1;; ++attempt) {
      auto answer = co_await with_timeout(context, time_of_attempt,
                                          [&](Context& scope) { return try_to_ask(question, scope); });
      if (answer || attempt == attempts || context.is_done()) co_return answer;
      auto slept = co_await context.sleep(first_pause * (1 << attempt));
      if (!slept) co_return std::unexpected(std::move(slept).error());
    }
  }

 private:
  struct Connection {
    explicit Connection(Conn dialled) : conn(std::move(dialled)) {}
    Conn conn;
    BufferedReader lines{conn};
  };

  // A connection that has failed, or has an answer on its way that nobody waits for, goes with its last owner.
  Task<Result<std::string>> try_to_ask(const std::string& question, Context& scope) {
    std::unique_ptr<Connection> connection;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    } else {
      auto dialled = co_await dial(scope.reactor(), "tcp", address_, {.context = &scope});
      if (!dialled) co_return std::unexpected(std::move(dialled).error());
      connection = std::make_unique<Connection>(std::move(*dialled));
    }
    connection->conn.set_context(&scope);
    auto written = co_await connection->conn.write(question, "\n");
    if (!written) co_return std::unexpected(std::move(written).error());
    auto line = co_await connection->lines.read_line();
    if (!line) co_return std::unexpected(std::move(line).error());
    std::string answer(*line);
    connection->conn.set_context(nullptr);  // `scope` goes
    idle_.push_back(std::move(connection));
    co_return answer;
  }

  const std::string address_;
  Semaphore places_;                               // as many as there may be connections
  std::vector<std::unique_ptr<Connection>> idle_;  // without a question
};

constexpr int most_questions = 100'000;  // each is a task from the beginning on

struct Tally {
  int answered = 0, failed = 0;
};

Task<> ask_and_count(Pool& pool, std::string question, Context& context, Tally& tally) {
  auto answer = co_await pool.ask(std::move(question), context);
  if (!answer && tally.failed == 0) std::fprintf(stderr, "%s\n", answer.error().text().c_str());
  ++(answer ? tally.answered : tally.failed);
}

Task<> ask_all(Pool& pool, int questions, Context& context, Signals& signals, Tally& tally) {
  WaitGroup asking(context.reactor());
  for (int number = 1; number <= questions; ++number) {
    asking.spawn(ask_and_count, std::ref(pool), std::to_string(number), std::ref(context), std::ref(tally));
  }
  auto waited = co_await asking.wait();
  if (waited) signals.close();  // the program ends
}

Task<> cancel_at_signal(Signals& signals, Context& context) {
  auto number = co_await signals.next();
  if (number) context.cancel();
}

}  // namespace

int main(int count, char** arguments) {
  const auto questions = program::number<int>(count == 3 ? arguments[2] : "1000");
  if (count < 2 || count > 3 || !questions || *questions < 1 || *questions > most_questions) {
    return program::complain(
        "usage: pool ADDRESS [QUESTIONS], as in pool 127.0.0.1:9090 1000, at most 100000");
  }
  Reactor reactor;
  auto signals = program::ending_signals(reactor);
  if (!signals) return program::complain(signals.error().text());
  Context context(reactor);
  Tally tally;
  {
    Pool pool(reactor, arguments[1]);
    reactor.spawn(cancel_at_signal(*signals, context));
    reactor.spawn(ask_all(pool, *questions, context, *signals, tally));
    if (program::run(reactor) != 0) return 1;
  }
  std::printf("%d answered, %d failed\n", tally.answered, tally.failed);
  return tally.failed == 0 ? 0 : 1;
}

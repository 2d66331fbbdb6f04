// What docs/library.md shows: one function for each way in which tasks wait for each other.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reactord/channel.hpp"
#include "reactord/event.hpp"
#include "reactord/first_of.hpp"
#include "reactord/joinable.hpp"
#include "reactord/semaphore.hpp"
#include "reactord/task_group.hpp"
#include "reactord/wait_group.hpp"
#include "reactord/with_timeout.hpp"

namespace reactord {

Task<> say_when_loaded(Event& loaded, Context& context, std::string& said) {
  auto waited = co_await loaded.wait(context);
  said += waited ? "loaded" : waited.error().text();
}

Task<> produce(Channel<std::string>& lines, Context& context) {
  for (const char* const line : {"one", "two", "three"}) {
    auto sent = co_await lines.send(line, context);
    if (!sent) co_return;
  }
  lines.close();
}

Task<std::string> consume(Channel<std::string>& lines, Context& context) {
  std::string all;
  while (true) {
    auto line = co_await lines.receive(context);
    if (!line) co_return all;  // eof: closed, and nothing is left
    all += *line;
  }
}

Task<Result<int>> look_up(Semaphore& lookups, Context& context, int number) {
  auto permit = co_await lookups.acquire(1, context);  // given back at the end of this scope
  if (!permit) co_return std::unexpected(std::move(permit).error());
  auto slept = co_await context.sleep(1s);
  if (!slept) co_return std::unexpected(std::move(slept).error());
  const int square = number * number;
  co_return square;
}

Task<> sum_up(Reactor& reactor, int& sum) {
  WaitGroup adding(reactor);
  for (const int number : {1, 2, 3}) {
    adding.spawn([&sum, &reactor, number]() -> Task<> {
      co_await reactor.next_turn();
      sum += number;
    });
  }
  auto waited = co_await adding.wait();
  if (!waited) sum = -1;
}

Task<Result<void>> square_all(Context& context, std::vector<int>& numbers) {
  TaskGroup squaring(context, 2);  // at most two at a time
  for (int& number : numbers) {
    squaring.spawn([&number, &scope = squaring.context()]() -> Task<Result<void>> {
      auto slept = co_await scope.sleep(1s);
      if (slept) number *= number;
      co_return slept;
    });
  }
  auto squared = co_await squaring.wait();
  co_return squared;
}

Task<Result<int>> both(Semaphore& lookups, Context& context) {
  auto three = spawn_joinable(context.reactor(), look_up, std::ref(lookups), std::ref(context), 3);
  auto sixteen = co_await look_up(lookups, context, 4);
  auto nine = co_await three.join();
  if (!nine || !sixteen) co_return std::unexpected(nine ? sixteen.error() : nine.error());
  co_return *nine + *sixteen;
}

Task<Result<int>> in_time(Semaphore& lookups, Context& context, Duration time) {
  auto number =
      co_await with_timeout(context, time, [&lookups](Context& scope) { return look_up(lookups, scope, 5); });
  co_return number;
}

Task<Result<int>> whichever(Semaphore& one, Semaphore& other, Context& context) {
  auto number = co_await first_of(
      context, [&one](Context& scope) { return look_up(one, scope, 6); },
      [&other](Context& scope) { return look_up(other, scope, 7); });
  co_return number;
}

}  // namespace reactord

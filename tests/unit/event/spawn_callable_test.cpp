// spawn() of what makes a task, and of what that is made from: both live until the task has ended.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "reactord/reactor.hpp"
#include "support/loopback.hpp"

using reactord::Reactor;
using reactord::Task;
using test::Stage;
using namespace std::chrono_literals;

namespace {

Task<> say_later(Reactor& reactor, std::string& trace, const std::string& word) {
  auto slept = co_await reactor.sleep(1s);
  CHECK(slept.has_value());
  trace += word;
}

struct Greeter {
  Task<> operator()(Reactor& reactor, std::string& trace) const {
    co_await reactor.next_turn();
    trace += name;
  }
  std::string name;
};

}  // namespace

TEST_CASE("a lambda with captures is a coroutine that keeps them, if spawn is given the lambda") {
  Stage stage;
  auto owned = std::make_shared<std::string>("a text too long to lie within the string itself");
  stage.reactor.spawn([&stage, owned]() -> Task<> {
    auto slept = co_await stage.reactor.sleep(1s);
    CHECK(slept.has_value());
    stage.trace = *owned;
    co_await stage.reactor.next_turn();
    CHECK(stage.trace == *owned);
  });
  CHECK(owned.use_count() == 2);
  CHECK(stage.reactor.live_tasks() == 1);
  CHECK(stage.trace.empty());
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == *owned);
  CHECK(owned.use_count() == 1);
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("arguments that a task takes by reference live as long as it does") {
  Stage stage;
  const std::string prefix = "a word of more bytes than a string holds without ";
  stage.reactor.spawn(say_later, std::ref(stage.reactor), std::ref(stage.trace), prefix + "memory");
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == prefix + "memory");
}

TEST_CASE("what an argument is converted into lives as long too") {
  Stage stage;
  const char* const word = "a word of more bytes than a string holds without memory";
  stage.reactor.spawn(say_later, std::ref(stage.reactor), std::ref(stage.trace), word);
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == word);
}

TEST_CASE("arguments that only move are moved into the task") {
  Stage stage;
  const auto take = [](Reactor& reactor, std::unique_ptr<int> number, std::string& trace) -> Task<> {
    co_await reactor.next_turn();
    trace = std::to_string(*number);
  };
  stage.reactor.spawn(take, std::ref(stage.reactor), std::make_unique<int>(42), std::ref(stage.trace));
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "42");
}

TEST_CASE("an object with a call operator is kept, wherever it came from") {
  Stage stage;
  {
    const Greeter greeter{"a name of more bytes than a string holds without memory"};
    stage.reactor.spawn(greeter, std::ref(stage.reactor), std::ref(stage.trace));
  }
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "a name of more bytes than a string holds without memory");
}

TEST_CASE("what is spawned and has not begun when the reactor goes runs to its end, and is freed") {
  auto owned = std::make_shared<int>(0);
  {
    Stage stage;
    stage.reactor.spawn([&stage, owned]() -> Task<> {
      co_await stage.reactor.next_turn();
      ++*owned;
    });
  }
  CHECK(*owned == 1);
  CHECK(owned.use_count() == 1);
}

// A late answer would go to whoever is being answered then.
// error: a coroutine outlives what is valid during a call only
#include "reactord/handler.hpp"

reactord::Task<> answer_later(reactord::Reactor& reactor, reactord::Reply& reply) {
  co_await reactor.next_turn();
  reply.write("late\n");
}

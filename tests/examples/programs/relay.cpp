// relay ADDRESS UPSTREAM: hands each connection on to UPSTREAM, bytes as they are, both ways at once.
//
//     client <--> Conn& client <-- relay() --> Conn upstream <--> UPSTREAM
//
// A half-close goes through, and so does a broken connection. A side that reads slowly slows down the other one.
#include <string>

#include "program.hpp"
#include "reactord/dial.hpp"
#include "reactord/relay.hpp"

using namespace reactord;

namespace {

class Relay final : public StreamHandler {
 public:
  explicit Relay(std::string upstream) : upstream_(std::move(upstream)) {}

 private:
  // A drain ends the dial, but not the relay: the client's stream ends as if the client had ended it, and the upstream may
  // still answer.
  Task<> serve(Conn& client, Context& context) override {
    auto upstream = co_await dial(client.reactor(), "tcp", upstream_, {.timeout = 5s, .context = &context});
    if (!upstream) {
      std::fprintf(stderr, "%s: %s\n", client.remote_addr().text().c_str(), upstream.error().text().c_str());
      client.reset();
      co_return;
    }
    auto relayed = co_await relay(client, *upstream, {.idle_timeout = 5min});
    if (!relayed.ended) {
      client.reset();  // a FIN would say that the stream is whole
      upstream->reset();
    }
  }

  const std::string upstream_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    return program::complain("usage: relay ADDRESS UPSTREAM, as in relay 127.0.0.1:8080 example.com:80");
  }
  Relay relay(arguments[2]);
  return program::serve(arguments[1], relay, {.idle_timeout = 0s});
}

// A program outside of this house, on the installed library: it serves one client, over a pipe in memory.
#include <cstdio>

#include "reactord/pipe.hpp"
#include "reactord/server.hpp"

namespace {

struct Greeter final : reactord::LineHandler {
  void on_line(std::string_view name, reactord::Reply& reply) override { reply.write("Hello, ", name, "\n"); }
};

reactord::Task<> ask(reactord::Conn& client) {
  auto sent = co_await client.write("Ada\n");
  if (!sent) co_return;
  reactord::LineReader lines(client);
  auto answer = co_await lines.read_line();
  if (answer) std::printf("%.*s\n", static_cast<int>(answer->size()), answer->data());
  auto closed = client.close();
  if (!closed) std::printf("%s\n", closed.error().text().c_str());
}

}  // namespace

int main() {
  Greeter greeter;
  reactord::Reactor reactor;
  reactord::Server server(reactor);
  auto [client, served] = reactord::buffered_pipe(reactor);
  server.serve(std::move(served), greeter);
  reactor.spawn(ask(client));
  return reactor.run() ? 0 : 1;
}

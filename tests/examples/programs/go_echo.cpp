// go_echo ADDRESS: the echo server of every Go tutorial, with Go's text above ours.
//
// One coroutine accepts, and one serves each connection: a blocking program to read, on one thread. There is a limit on
// nothing here, as in Go: Server has them all (limits.hpp). What has no line in Go lets the program end in order.
#include <utility>

#include "program.hpp"
#include "reactord/relay.hpp"

using namespace reactord;

namespace {

// func serve(conn net.Conn) {
//     defer conn.Close()
//     if _, err := io.Copy(conn, conn); err != nil {
//         log.Print(err)
//     }
// }
Task<> serve(Conn conn, Context& connections) {
  conn.set_context(&connections);
  auto copied = co_await copy(conn, conn);
  if (!copied.ended) {
    std::fprintf(stderr, "%s\n", copied.ended.error().text().c_str());
  }
}

// for {
//     conn, err := listener.Accept()
//     if err != nil {
//         return
//     }
//     go serve(conn)
// }
Task<> accept_all(Listener& listener, Context& connections) {
  while (true) {
    auto conn = co_await listener.accept();
    if (!conn) {
      co_return;
    }
    connections.reactor().spawn(serve(std::move(*conn), connections));
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return program::complain("usage: go_echo ADDRESS, as in go_echo 127.0.0.1:9090");
  Reactor reactor;
  auto signals = program::ending_signals(reactor);
  if (!signals) return program::complain(signals.error().text());
  auto listener = listen(reactor, "tcp", arguments[1]);
  if (!listener) return program::complain(listener.error().text());
  Context connections(reactor);
  program::say_where(listener->local_addr());
  reactor.spawn(accept_all(*listener, connections));
  reactor.spawn(program::close_at_signal(*signals, *listener, connections));
  return program::run(reactor);
}

// go_line ADDRESS: the line server of every Go tutorial, with Go's text above ours: it answers each line, and gives its client
// a minute for the next one.
//
// One coroutine accepts, and one serves each connection: a blocking program to read, on one thread. What has no line in Go
// lets the program end in order.
#include <utility>

#include "program.hpp"
#include "reactord/line_reader.hpp"

using namespace reactord;

namespace {

// func serve(conn net.Conn) {
//     defer conn.Close()
//     lines := bufio.NewScanner(conn)
//     for {
//         conn.SetReadDeadline(time.Now().Add(time.Minute))
//         if !lines.Scan() {
//             return
//         }
//         if _, err := fmt.Fprintf(conn, "you said: %s\n", lines.Text()); err != nil {
//             return
//         }
//     }
// }
Task<> serve(Conn conn, Context& connections) {
  conn.set_context(&connections);
  LineReader lines(conn);
  while (true) {
    auto set = conn.set_read_deadline(conn.reactor().now() + 1min);
    auto line = co_await lines.read_line();
    if (!set || !line) {
      co_return;
    }
    auto written = co_await conn.write("you said: ", *line, "\n");
    if (!written) {
      co_return;
    }
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
  if (count != 2) return program::complain("usage: go_line ADDRESS, as in go_line 127.0.0.1:9090");
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

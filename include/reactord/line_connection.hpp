// LineConnection: one connection of a line protocol that remembers. LineConnectionFactory makes one for each.
//
//     class Counter final : public LineConnection {
//       void on_line(std::string_view line, Reply& reply) override {
//         reply.write(std::to_string(++lines_), " ", line, "\n");
//       }
//       std::uint64_t lines_ = 0;
//     };
//     LineConnectionFactory counters([] { return std::make_unique<Counter>(); });
//     auto address = server.listen(":9090", counters);
//
//     accept --> factory --> on_open --> on_line, on_line, ... --> on_end(cause) --> deleted
//                  |            |
//                  null         reply.close(): refused, after what was written
//
// The server owns the object. It is deleted in the turn in which its connection has ended, after on_end(). Whoever else
// wants to reach the connection keeps a ConnectionHandle, which knows when it has ended.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "reactord/end_cause.hpp"
#include "reactord/handler.hpp"

namespace reactord {

class ConnectionHandle;
class Directory;
class Session;

// The fate of a push for which a connection has no room, because its peer does not take the bytes that wait for it.
enum class Overflow : std::uint8_t {
  refuse,       // it is not sent. Over Limits::output.high
  drop_oldest,  // the oldest pushes of this kind that wait are dropped for it. Over Limits::output.high
  end,          // the connection ends by EndCause::slow_reader. Over Limits::output.hard; 0: no limit
};

class LineConnection : public LineHandler {
 public:
  LineConnection() noexcept = default;
  LineConnection(const LineConnection&) = delete;
  LineConnection& operator=(const LineConnection&) = delete;

  // Called once, before the first line, from the loop: what is written greets the peer; reply.close() refuses it. The
  // rules are those of on_line().
  virtual void on_open(Reply&) {}

  // LineHandler::on_line(), with the lines of this connection alone.
  void on_line(std::string_view line, Reply& reply) override = 0;

  // Called once, when the connection has ended, if on_open() was called. conn() is still valid, and nothing can be
  // pushed any more. It may call its Server, as on_line() may.
  virtual void on_end(EndCause) noexcept {}

  // The connection, from on_open() to on_end(): addresses, byte counts, the reactor.
  const Conn& conn() const noexcept;

  // Sends `bytes`, all of them or none, when the peer has not asked: behind what was written and pushed before, together
  // with it at the end of the turn; where very many connections are written to, of one of the next turns. Never suspends.
  // Within a call of this object's own on_open() or on_line() the bytes go behind what was written to its Reply. False:
  // nothing is sent, because the connection is at its end, there is no memory, or there is no room and `overflow` refuses;
  // in the same call behind Reply::close() or hand_over(), too. A write of a StreamHandler that waits counts as output.
  //
  // Pushes with drop_oldest that find no room wait apart, until it comes. A later answer goes ahead of them, and so does
  // a later push of another kind. Those that still wait are lost when the connection ends, is drained, or is handed over.
  // After Reply::hand_over() drop_oldest refuses.
  bool push(std::string_view bytes, Overflow overflow = Overflow::end) noexcept;

  // The same, but not at the end of the turn: what the kernel takes now is sent without a copy of it. For bytes that go
  // to many connections.
  bool push_at_once(std::string_view bytes, Overflow overflow = Overflow::end) noexcept;

  // Serves no further line and ends the connection by EndCause::finished, once what was written is sent. Within on_line()
  // it is reply.close(). No effect on a connection that is at its end, or after Reply::hand_over().
  void close() noexcept;

  // A handle that outlives the connection.
  ConnectionHandle handle();

 private:
  friend class Session;
  Session* session_ = nullptr;  // serves the connection, from on_open() to on_end(); else null
};

// It must outlive the server. Its function is called on the loop for each connection that is let in. Null refuses: the
// connection ends by EndCause::finished. An exception ends it by EndCause::error.
class LineConnectionFactory {
 public:
  using Make = std::move_only_function<std::unique_ptr<LineConnection>()>;

  template <std::invocable Callable>
  explicit LineConnectionFactory(Callable make) : make_(std::move(make)) {}
  LineConnectionFactory(const LineConnectionFactory&) = delete;
  LineConnectionFactory& operator=(const LineConnectionFactory&) = delete;

  std::unique_ptr<LineConnection> make() { return make_(); }

 private:
  Make make_;
};

// Tells whether a connection is still there. It can be copied, kept, and sent to another thread; only get() belongs to
// the loop's thread:
//
//     std::thread worker([&reactor, handle = handle()] {
//       auto posted = reactor.post([handle] { if (LineConnection* to = handle.get()) to->push("done\n"); });
//     });
//
// It must not outlive its Reactor.
class ConnectionHandle {
 public:
  ConnectionHandle() noexcept = default;  // of no connection
  bool operator==(const ConnectionHandle&) const = default;

  // The connection; null once on_end() has been called. The pointer is valid until the caller returns to the loop.
  LineConnection* get() const noexcept;

 private:
  friend class LineConnection;
  ConnectionHandle(Directory& directory, std::uint64_t number) noexcept
      : directory_(&directory), number_(number) {}

  Directory* directory_ = nullptr;
  std::uint64_t number_ = 0;
};

}  // namespace reactord

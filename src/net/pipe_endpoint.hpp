// PipeEndpoint: one end of a pipe in memory. Bytes are copied once: the reader takes them from where the writer has them.
//
//     first                                          second
//     output_, then the parts of writer_   <-take-   receive()      and the same the other way round
//
// `buffered` says when a write has succeeded: once its bytes lie in output_, or once the other end has taken them.
#pragma once

#include "net/endpoint.hpp"

namespace reactord {

class PipeEndpoint final : public Endpoint {
 public:
  PipeEndpoint(Reactor& reactor, bool buffered) noexcept
      : Endpoint(reactor, Network::pipe, Address::pipe()), buffered_(buffered) {}
  static void join(PipeEndpoint& first, PipeEndpoint& second) noexcept;

  // The order of conn.hpp, but where Go's pipe differs from its other connections.
  bool begin_read(ReadOperation& operation) override;
  bool begin_write(PendingWrite& operation) override;
  bool write_at_once(std::string_view bytes) noexcept override;
  Result<void> close() override;
  Result<void> set_deadlines(Time deadline, bool read, bool write) override;
  Error error(const char* operation, int failure) const override;

 private:
  // The verbs of carrier.hpp. Closing is no work: whoever could still read it has a task.
  ssize_t receive(char* bytes, std::size_t count) noexcept override;
  ssize_t send(const char* bytes, std::size_t count) noexcept override;
  ssize_t send_gathered(const iovec* parts, std::size_t count) noexcept override;
  std::size_t unreceived() const noexcept override;
  int shut_read() noexcept override;
  int shut_write() noexcept override;
  std::size_t unacknowledged() const noexcept override { return 0; }
  Address find_local_address() const override { return Address::pipe(); }
  bool lingers() const noexcept override { return false; }
  bool closing_is_work() const noexcept override { return false; }
  bool tells_all_progress() const noexcept override { return true; }
  void on_closing() noexcept override;
  void on_retired(bool in_order) noexcept override;

  struct Taken {
    std::size_t bytes, parts;
  };
  Taken take(char* into, std::size_t count) noexcept;
  std::size_t take_parts(char* into, std::size_t count, std::size_t& parts) noexcept;
  std::size_t offered() const noexcept;
  void notify(Readiness news) noexcept;
  void reader_gone() noexcept;
  bool is_ended() const noexcept;
  bool has_reader() const noexcept {
    return peer_ != nullptr && !peer_->is_closed() && !peer_->reading_closed_;
  }
  bool has_offer() noexcept;        // of bytes
  bool has_empty_write() noexcept;  // which waits for a read
  void finish_empty_write() noexcept;
  bool finish_empty_read() noexcept;

  const bool buffered_;
  bool finished_ = false;        // our FIN: the other end reads eof behind what is left
  bool reading_closed_ = false;  // nobody will take what the other end writes
  bool lost_ = false;            // the other end was aborted with bytes unsent
  PipeEndpoint* peer_ = nullptr;
};

}  // namespace reactord

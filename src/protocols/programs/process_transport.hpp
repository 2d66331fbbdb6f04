// ProcessTransport: the bytes between us and a process, as a Conn has them: what is sent is its standard input, what is
// received its standard output.
//
//     send()         --> pipe ------------------> standard input of the process
//     shut_write()       closed: the process reads the end
//     receive()      <-- pipe, or terminal <----- standard output
//
// The end of the output is its eof. Once the process has ended, it is also the end of what lies in the pipe: a process that
// has left the group may hold that open for ever. Bytes for a process that reads no more fail with EPIPE; SIGPIPE must be
// ignored, or have a handler.
#pragma once

#include <memory>

#include "base/file_descriptor.hpp"
#include "reactord/transport.hpp"

namespace reactord {

class ProcessTransport final : public Transport {
 public:
  class Listener {
   public:
    virtual void on_first_input() noexcept = 0;  // the process can read its first byte

   protected:
    ~Listener() = default;
  };

  // The bytes that are received at most of a process that has ended: the largest pipe of an unprivileged user.
  static constexpr std::size_t longest_rest = 1024 * 1024;

  // `input` is written, `output` read; both must be nonblocking. `listener` must outlive it; null: nobody. Errors: those of
  // Reactor::add(), and ENOMEM.
  static Result<std::unique_ptr<ProcessTransport>> make(Reactor& reactor, FileDescriptor input,
                                                        FileDescriptor output, Listener* listener = nullptr);

  ~ProcessTransport() override;

  void process_ended() noexcept;  // the process has. No effect after close()

  void attach(TransportListener& listener) noexcept override { above_ = &listener; }
  ssize_t receive(std::span<char> room) noexcept override;
  ssize_t send(std::string_view bytes) noexcept override;
  int shut_write() noexcept override;
  void close() noexcept override;
  std::size_t unsent() const noexcept override;
  std::size_t unread() noexcept override;
  Network network() const noexcept override { return Network::pipe; }
  Address local_addr() const override { return Address::pipe(); }
  Address remote_addr() const override { return Address::pipe(); }

 private:
  class Stream;
  enum class Output : std::uint8_t {
    goes_on,  // more may be written
    rest,     // the process has ended: what lies in the pipe
    ended,    // all was received
  };
  ProcessTransport(Reactor& reactor, FileDescriptor input, FileDescriptor output, Listener* listener);

  TransportListener* above_ = nullptr;  // null before attach() and after close()
  Listener* listener_;                  // null once it was told
  Output state_ = Output::goes_on;
  std::size_t rest_ = longest_rest;  // of the bytes that are received in Output::rest
  WatchHandle<Stream> input_, output_;
};

}  // namespace reactord

// The session of a LineConnection: a line session with an object of the user's, which may also speak unasked.
#include "reactord/line_connection.hpp"

#include <cassert>
#include <memory>
#include <new>
#include <utility>

#include "serve/line_session.hpp"
#include "serve/waiting_pushes.hpp"

namespace reactord {

class LineConnectionSession final : public LineSession {
 public:
  using LineSession::LineSession;
  ~LineConnectionSession() { stop_listening(); }

  bool push(std::string_view bytes, Overflow overflow, PushTime when) noexcept override {
    if (ended_by_) return false;
    try {
      if (Reply* const reply = server().delivery().reply_of(*this)) {
        if (!reply->is_closed()) reply->write(bytes);
        return !reply->is_closed();
      }
      if (overflow == Overflow::drop_oldest && !has_room_for(bytes)) return keep_waiting(bytes);
    } catch (const std::bad_alloc&) {
      endpoint().run_out();
      return false;
    }
    return Session::push(bytes, overflow, when);
  }

  void close() noexcept override {
    if (Reply* const reply = server().delivery().reply_of(*this)) return reply->close();
    end(EndCause::finished);
    wake();
  }

 private:
  // State that few sessions need, made when one does.
  struct Rare final : EndpointListener {
    explicit Rare(LineConnectionSession& of) : session(of) {}
    void on_buffered() noexcept override { session.holds(); }
    void on_look() noexcept override {}
    void on_given_up() noexcept override {}
    void on_ready() noexcept override { session.room_came(); }

    LineConnectionSession& session;
    WaitingPushes pushes;
    bool listens = false;  // set when it is told of room in the connection's output
  };
  Rare& rare() {
    if (rare_ == nullptr) rare_ = std::make_unique<Rare>(*this);
    return *rare_;
  }

  LineHandler& handler() noexcept override {
    assert(connection_ != nullptr && "lines are served after open()");
    return *connection_;
  }
  SessionWait::Take take() noexcept override {
    return [](ReadOperation& operation, std::string_view bytes) noexcept {
      auto& self = *static_cast<LineConnectionSession*>(static_cast<LineSession*>(operation.state));
      return self.deliver_or_end(bytes, *self.connection_);
    };
  }

  void open() noexcept override {
    try {
      connection_ = service().handler().connections()->make();
    } catch (...) {
      return end(handler_threw());
    }
    if (endpoint().is_closed()) connection_.reset();  // the factory has killed the server
    if (connection_ == nullptr) return end(EndCause::finished);
    begin_connection(*connection_);
    greet(*connection_);
  }

  void on_end(EndCause cause) noexcept override {
    if (connection_ != nullptr) end_connection(*connection_, cause);
  }

  std::unique_ptr<LineConnection>* connection_to_hand_over() noexcept override {
    stop_listening();
    return &connection_;
  }

  void stop_listening() noexcept {
    if (rare_ != nullptr && std::exchange(rare_->listens, false)) endpoint().set_listener(nullptr);
  }

  bool has_room_for(std::string_view bytes) noexcept {
    const std::size_t high = service().limits().output.high;
    if (rare_ != nullptr && !rare_->pushes.is_empty()) return false;  // they are older
    return bytes.size() <= high && endpoint().unsent() <= high - bytes.size();
  }

  bool keep_waiting(std::string_view bytes) {
    if (endpoint().is_closed() || endpoint().write_failure() != 0) return false;
    if (!std::exchange(rare().listens, true)) endpoint().set_listener(rare_.get());
    const bool is_kept = rare_->pushes.keep(bytes, service().limits().output.high);
    holds();
    return is_kept;
  }

  void room_came() noexcept {
    if (rare_->pushes.is_empty() || ended_by_ || endpoint().is_closed()) return;
    if (endpoint().unsent() > service().limits().output.low) return;
    try {
      Buffer& output = endpoint().output();
      if (rare_->pushes.move_into(output, endpoint().reactor().buffers(), service().limits().output.high))
        endpoint().flush_output_later();
    } catch (const std::bad_alloc&) {
      endpoint().run_out();
    }
  }

  void before_wait() noexcept override {
    if (rare_ != nullptr) room_came();
  }

  std::size_t unsent_storage() const noexcept override {
    return LineSession::unsent_storage() + (rare_ == nullptr ? 0 : rare_->pushes.bytes());
  }

  void evict() noexcept override {
    if (rare_ != nullptr) rare_->pushes.clear();
    LineSession::evict();
  }

  std::unique_ptr<LineConnection> connection_;  // null before open()
  std::unique_ptr<Rare> rare_;
};

void begin_line_connection(Service& service, Conn conn, Begin begin) {
  auto* session = new LineConnectionSession(service, std::move(conn));  // deletes itself
  session->begin(begin);
}

}  // namespace reactord

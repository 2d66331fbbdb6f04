#include "serve/worker.hpp"

#include <cassert>
#include <utility>

namespace reactord {

Worker::~Worker() {
  assert(!thread_.joinable() && "a thread is joined by run()");
  reactor_.shutdown();
}

Result<Listener> Worker::open(const Address& address, bool shares_port) {
  ListenOptions options;
  options.reuse_port = shares_port;
  options.on_pause = [this](const Error& error, Duration pause) {
    if (observer_ != nullptr) observer_->on_accept_paused(error, pause);
  };
  return reactord::listen(reactor_, address, std::move(options));
}

void Worker::serve(Listener listener, OwnedHandler handler, std::string_view protocol) {
  const AnyHandler served = handler.get();
  handlers_.push_back(std::move(handler));
  server_.listen(std::move(listener), served, protocol);
}

void Worker::post(std::move_only_function<void(Server&)> work) {
  reactor_.post([this, work = std::move(work)]() mutable { work(server_); });
}

void Worker::Ending::on_posted() {
  if (is_kill_) return server_.kill();
  server_.drain(drain_timeout_);
}

void Worker::start(std::function<void()> ended) {
  thread_ = std::thread([this, ended = std::move(ended)] {
    result_ = reactor_.run();
    ended();
  });
}

void Worker::join() noexcept {
  if (thread_.joinable()) thread_.join();
}

}  // namespace reactord

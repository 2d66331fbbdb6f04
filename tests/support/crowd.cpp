#include "support/crowd.hpp"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace test {
namespace {

constexpr auto ping_pause = 20ms;
constexpr auto trickle_pause = 1s;
constexpr auto reset_pause = 5ms;       // each of those that reset breaks off so often
constexpr auto reconnect_pause = 20ms;  // of the others: the loop must not be the daemon's only client
constexpr std::size_t block = 64 * 1024;
constexpr std::size_t first_words = 4 * 1024;
constexpr std::string_view question = "a line of the crowd\n";
constexpr std::string_view answer = "Server: a line of the crowd\n";
// Small, so that the daemon's buffers fill and not the kernel's: a thousand clients would hold gigabytes there.
constexpr int socket_buffer = 8 * 1024;

std::string repeated(std::string_view text, std::size_t size) {
  std::string all;
  while (all.size() < size) all += text;
  return all;
}

void set_option(int fd, int option, int value) { ::setsockopt(fd, SOL_SOCKET, option, &value, sizeof value); }

}  // namespace

Crowd::Crowd()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), lines_(repeated("to which nobody listens\n", block)) {
  if (epoll_.get() < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  letters_ = std::string(block, 'e');
  for (std::size_t count = 0; count < block; ++count) noise_ += static_cast<char>(random_() & 0xff);
}

void Crowd::add(std::size_t count, Manner manner, const std::string& text) {
  const bool is_path = text.starts_with('/') || text.starts_with('@');
  addresses_.push_back(
      std::make_unique<reactord::Address>(*reactord::Address::parse(is_path ? "unix:" + text : text)));
  const auto now = Clock::now();
  for (std::size_t number = 0; number < count; ++number) {
    auto visitor = std::make_unique<Visitor>(Visitor{.manner = manner, .address = addresses_.back().get()});
    // Spread over the pause of those that come again and again; others come at once.
    if (manner == Manner::pings) visitor->due = now + ping_pause * number / count;
    if (manner == Manner::trickles) visitor->due = now + trickle_pause * number / count;
    visitors_.push_back(std::move(visitor));
  }
}

void Crowd::run_for(Clock::duration time, const std::function<void()>& each_turn) {
  for (const auto end = Clock::now() + time; Clock::now() < end;) {
    turn();
    if (each_turn) each_turn();
  }
}

void Crowd::run_until(const char* what, const std::function<bool()>& condition) {
  for (const auto end = Clock::now() + patience; !condition(); turn()) {
    if (Clock::now() > end) throw std::runtime_error(std::string("waited in vain until ") + what);
  }
}

void Crowd::leave() { visitors_.clear(); }

void Crowd::turn() {
  epoll_event events[256];
  const int count = ::epoll_wait(epoll_.get(), events, 256, 1);
  for (int index = 0; index < count; ++index)
    on_ready(*static_cast<Visitor*>(events[index].data.ptr), events[index].events);
  const auto now = Clock::now();
  if (now < next_tick_) return;
  next_tick_ = now + 1ms;
  serve_clock(now);
}

void Crowd::serve_clock(Clock::time_point now) {
  for (const auto& visitor : visitors_) {
    if (visitor->due > now) continue;
    if (visitor->socket.get() < 0) {
      connect(*visitor);
    } else {
      speak(*visitor);
    }
  }
}

void Crowd::connect(Visitor& visitor) {
  visitor.due = Clock::time_point::max();
  visitor.socket =
      Descriptor(::socket(visitor.address->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int fd = visitor.socket.get();
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "socket");
  if (visitor.manner != Manner::pipelines) {
    set_option(fd, SO_RCVBUF, socket_buffer);
    set_option(fd, SO_SNDBUF, 2 * socket_buffer);
  }
  sockaddr_storage storage{};
  const unsigned length = visitor.address->to_socket_address(storage);
  const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&storage), length);
  if (result != 0 && errno != EINPROGRESS) {
    ++failed_connects_;
    visitor.socket.close();
    visitor.due = Clock::now() + reconnect_pause;
    return;
  }
  ++connections_[static_cast<std::size_t>(visitor.manner)];
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &visitor}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  visitor.is_connecting = result != 0;
  // Who speaks first has spoken before the next one connects.
  if (result == 0) speak(visitor);
}

void Crowd::on_ready(Visitor& visitor, std::uint32_t events) {
  if (visitor.socket.get() < 0) return;
  const bool is_over = (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0;
  switch (visitor.manner) {
    case Manner::deaf:
    case Manner::silent:
      if (is_over) return over(visitor, false);
      break;
    default:
      if ((events & EPOLLIN) != 0 || is_over) {
        if (!listen(visitor)) return;
      }
  }
  const bool by_the_clock = visitor.manner == Manner::pings || visitor.manner == Manner::trickles;
  if ((events & EPOLLOUT) != 0 && (std::exchange(visitor.is_connecting, false) || !by_the_clock))
    speak(visitor);
}

// What it has to say now.
void Crowd::speak(Visitor& visitor) {
  const auto now = Clock::now();
  const int fd = visitor.socket.get();
  switch (visitor.manner) {
    case Manner::pings:
      visitor.due = Clock::time_point::max();
      visitor.asked = now;
      ::send(fd, question.data(), question.size(), MSG_NOSIGNAL);
      break;
    case Manner::trickles:
      visitor.due = now + trickle_pause;
      ::send(fd, "t", 1, MSG_NOSIGNAL);
      break;
    case Manner::pipelines:
    case Manner::deaf:
      send_all_that_is_taken(visitor, lines_);
      break;
    case Manner::silent:
      break;
    case Manner::resets:
      visitor.has_spoken = !visitor.has_spoken;
      if (visitor.has_spoken) ::send(fd, question.data(), question.size(), MSG_NOSIGNAL);
      break_off(visitor);
      break;
    case Manner::never_ends:
      send_all_that_is_taken(visitor, letters_);
      break;
    case Manner::raves:
      send_all_that_is_taken(visitor, std::string_view(noise_).substr(random_() % (block / 2)));
      break;
    case Manner::speaks_first:
      if (std::exchange(visitor.has_spoken, true)) break;
      const std::string words = std::string(first_words - 1, 'w') + '\n';
      if (::send(fd, words.data(), words.size(), MSG_NOSIGNAL) < 0) visitor.input += "(not sent) ";
      break;
  }
}

// Until the socket is full, or it was enough for one turn: then the clock comes back to it.
void Crowd::send_all_that_is_taken(Visitor& visitor, std::string_view bytes) {
  constexpr int blocks_per_turn = 16;
  visitor.due = Clock::time_point::max();
  for (int count = 0; count < blocks_per_turn; ++count) {
    const ssize_t sent = ::send(visitor.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < static_cast<ssize_t>(bytes.size())) return;  // there will be an event
  }
  visitor.due = Clock::now();
}

bool Crowd::listen(Visitor& visitor) {
  char bytes[block];
  while (true) {
    const ssize_t count = ::recv(visitor.socket.get(), bytes, sizeof bytes, 0);
    if (count < 0 && errno == EAGAIN) return true;
    if (count <= 0) {
      over(visitor, count == 0);
      return false;
    }
    if (visitor.manner != Manner::pings && visitor.manner != Manner::speaks_first) continue;
    visitor.input.append(bytes, static_cast<std::size_t>(count));
    if (visitor.manner == Manner::pings) ping_answered(visitor);
    // Who is served all the same has its answer: it ends the conversation itself.
    if (visitor.manner == Manner::speaks_first && visitor.input.starts_with("Server: ") &&
        visitor.input.ends_with('\n')) {
      visitor.input = "(served)";
      over(visitor, true);
      return false;
    }
  }
}

void Crowd::ping_answered(Visitor& visitor) {
  if (visitor.input.size() < answer.size()) return;
  if (visitor.input != answer) throw std::runtime_error("a wrong answer: " + visitor.input);
  visitor.input.clear();
  const auto now = Clock::now();
  latencies_.push_back(now - visitor.asked);
  visitor.due = now + ping_pause;
}

void Crowd::over(Visitor& visitor, bool in_order) {
  visitor.socket.close();
  if (visitor.manner == Manner::speaks_first) {
    ++endings_[visitor.input + (in_order ? "" : " (reset)")];
    visitor.due = Clock::time_point::max();
    return;
  }
  if (visitor.manner == Manner::pings) throw std::runtime_error("the daemon has ended a client that pings");
  visitor.due = Clock::now() + reconnect_pause;
}

void Crowd::break_off(Visitor& visitor) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(visitor.socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  visitor.socket.close();
  visitor.due = Clock::now() + reset_pause;
}

}  // namespace test

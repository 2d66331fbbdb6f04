#include "support/askers.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace test {
namespace {

constexpr auto reconnect_pause = 20ms;
constexpr std::size_t wrong_shown = 1000;

reactord::Address to_address(const std::string& text) {
  return *reactord::Address::parse(text.starts_with('/') ? "unix:" + text : text);
}

}  // namespace

Askers::Askers(std::size_t count, const std::string& address, Clock::duration pause, std::size_t depth)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), address_(to_address(address)), pause_(pause), depth_(depth) {
  if (epoll_.get() < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  const auto now = Clock::now();
  for (std::size_t number = 0; number < count; ++number) {
    askers_.push_back(std::make_unique<Asker>(Asker{.name = 'c' + std::to_string(number)}));
    askers_.back()->due = now + pause * number / count;  // spread over the pause
  }
}

void Askers::run_for(Clock::duration time, const std::function<void()>& each_turn) {
  for (const auto end = Clock::now() + time; Clock::now() < end;) {
    turn();
    if (each_turn) each_turn();
  }
}

void Askers::finish(const std::function<void()>& each_turn) {
  are_finishing_ = true;
  for (const auto& asker : askers_) {
    if (asker->socket.get() >= 0) send(*asker);
  }
  for (const auto until = Clock::now() + patience; connected_ > 0;) {
    if (Clock::now() > until)
      throw std::runtime_error(std::to_string(connected_) + " clients waited in vain for their end");
    turn();
    if (each_turn) each_turn();
  }
}

void Askers::turn() {
  epoll_event events[256];
  const int count = ::epoll_wait(epoll_.get(), events, 256, 1);
  for (int index = 0; index < count; ++index) {
    Asker& asker = *static_cast<Asker*>(events[index].data.ptr);
    if (asker.socket.get() >= 0 && (events[index].events & EPOLLOUT) != 0) send(asker);
    if (asker.socket.get() >= 0 && (events[index].events & ~EPOLLOUT) != 0) read(asker);
  }
  const auto now = Clock::now();
  if (now < next_tick_ || are_finishing_) return;
  next_tick_ = now + 1ms;
  for (const auto& asker : askers_) {
    if (asker->due > now) continue;
    if (asker->socket.get() < 0) {
      connect(*asker, now);
    } else {
      ask(*asker, now);
    }
  }
}

void Askers::connect(Asker& asker, Clock::time_point now) {
  Descriptor socket(::socket(address_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) throw std::system_error(errno, std::generic_category(), "socket");
  sockaddr_storage storage{};
  const unsigned length = address_.to_socket_address(storage);
  asker.due = now + reconnect_pause;
  const bool is_open = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0;
  if (!is_open && errno != EINPROGRESS) return;  // a unix listener is full: it tries again
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &asker}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event);
  asker.socket = std::move(socket);
  ++connected_;
  ++books_.connections;
}

// Fewer where it has as many without an answer as it may.
void Askers::ask(Asker& asker, Clock::time_point now) {
  asker.due = now + pause_ / 2 + pause_ * (random_() % 1024) / 1024;
  const std::size_t count = 1 + random_() % depth_;
  for (std::size_t done = 0; done < count && asker.waiting.size() < depth_ && !asker.is_late; ++done) {
    std::string line = asker.name + ' ' + std::to_string(++asker.last) + std::exchange(behind_, {});
    asker.unsent += line + '\n';
    asker.waiting.push_back(std::move(line));
    ++books_.asked;
  }
  send(asker);
}

void Askers::send(Asker& asker) {
  while (!asker.unsent.empty()) {
    const ssize_t count =
        ::send(asker.socket.get(), asker.unsent.data(), asker.unsent.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) return;  // there will be an event: room, or the end
    asker.unsent.erase(0, static_cast<std::size_t>(count));
  }
  if (are_finishing_ && !std::exchange(asker.has_finished, true)) ::shutdown(asker.socket.get(), SHUT_WR);
}

void Askers::read(Asker& asker) {
  char bytes[16 * 1024];
  while (true) {
    const ssize_t count = ::recv(asker.socket.get(), bytes, sizeof bytes, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return end(asker, count == 0);
    asker.input.append(bytes, static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t stop; (stop = asker.input.find('\n', begin)) != std::string::npos; begin = stop + 1)
      take(asker, std::string_view(asker.input).substr(begin, stop - begin));
    asker.input.erase(0, begin);
  }
}

void Askers::take(Asker& asker, std::string_view line) {
  if (asker.is_late) return found_wrong(asker, line);
  if (line == "push " + asker.name) {
    ++books_.pushes;
  } else if (line.starts_with("ERR no answer in ")) {
    ++books_.late;
    asker.is_late = true;
  } else if (!asker.waiting.empty() && (line == asker.waiting.front() || line == "ERR worker ended")) {
    ++(line == asker.waiting.front() ? books_.answered : books_.lost);
    asker.waiting.pop_front();
  } else {
    found_wrong(asker, line);
  }
}

// A client that has finished has an answer to each of its lines.
void Askers::end(Asker& asker, bool in_order) {
  if (!asker.input.empty()) found_wrong(asker, asker.input + " (no end of the line)");
  const bool is_whole = in_order && asker.has_finished && !asker.is_late;
  if (is_whole && !asker.waiting.empty()) found_wrong(asker, "(the end, with lines that have no answer)");
  if (!is_whole && !asker.is_late) ++books_.broken_off;
  books_.unanswered += asker.waiting.size();
  asker = Asker{.name = asker.name, .last = asker.last, .due = Clock::now() + reconnect_pause};
  --connected_;
}

void Askers::found_wrong(const Asker& asker, std::string_view line) {
  if (wrong_.size() > wrong_shown) return;
  const std::string oldest = asker.waiting.empty() ? "nothing" : '"' + asker.waiting.front() + '"';
  wrong_ += asker.name + " read \"" + std::string(line) + "\", its oldest line without an answer is " +
            oldest + '\n';
}

}  // namespace test

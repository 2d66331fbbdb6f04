#include "support/wrong_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <stdexcept>

namespace test {
namespace {

constexpr unsigned faulty = 100;

}  // namespace

WrongServer::WrongServer(Fault fault)
    : fault_(fault), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const pointer = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), pointer, length) != 0 || ::listen(listener_.get(), 64) != 0 ||
      ::getsockname(listener_.get(), pointer, &length) != 0) {
    throw std::runtime_error("no port for the wrong server");
  }
  address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  thread_ = std::thread([this] { serve(); });
}

WrongServer::~WrongServer() {
  over_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);  // ends the accept
  thread_.join();
}

void WrongServer::serve() {
  while (!over_) {
    const Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client.get() < 0) return;
    const int on = 1;
    ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::string input;
    while (!over_) {
      pollfd polled{.fd = client.get(), .events = POLLIN, .revents = 0};
      if (::poll(&polled, 1, 50) == 0) continue;  // to look whether it is over
      char bytes[4096];
      const ssize_t count = ::recv(client.get(), bytes, sizeof bytes, 0);
      if (count <= 0) break;
      input.append(bytes, static_cast<std::size_t>(count));
      if (!answer_lines(client.get(), input)) break;
    }
  }
}

bool WrongServer::answer_lines(int fd, std::string& input) {
  std::size_t end;
  while ((end = input.find('\n')) != std::string::npos) {
    const std::string line = "Server: " + input.substr(0, end + 1);
    input.erase(0, end + 1);
    if (++replies_ == faulty && fault_ == Fault::leave) return false;
    if (replies_ == faulty && fault_ == Fault::stall) std::this_thread::sleep_for(200ms);
    add(line);
  }
  const bool sent = ::send(fd, output_.data(), output_.size(), MSG_NOSIGNAL) >= 0;
  output_.clear();
  return sent;
}

void WrongServer::add(const std::string& line) {
  const bool is_faulty = replies_ == faulty;
  if (fault_ == Fault::silent && replies_ >= faulty) {
    fell_silent_ = true;
    return;
  }
  if (is_faulty && fault_ == Fault::lose) return;
  if (is_faulty && fault_ == Fault::reorder) {
    held_ = line;
    return;
  }
  output_ += line;
  if (is_faulty && fault_ == Fault::duplicate) output_ += line;
  if (is_faulty && fault_ == Fault::alter) output_[output_.size() - 3] = '?';
  output_ += held_;
  held_.clear();
}

}  // namespace test

#include "daemon/send_answer.hpp"

namespace reactord {

Task<std::string> send_answer(ControlRequest& request, std::string text) {
  auto sent = co_await request.conn.write(text);
  co_return sent ? std::string() : sent.error().text();
}

}  // namespace reactord

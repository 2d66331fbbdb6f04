// login: asks for a password, three times, and answers only who knows it. "bytes" makes the rest of the connection bytes.
#include <memory>

#include "protocols/table.hpp"
#include "reactord/line_connection.hpp"

namespace reactord {
namespace {

// Serves a connection after "bytes": every byte comes back.
class Echo final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    Buffer bytes;
    while (true) {
      auto received = co_await conn.read(bytes);
      if (!received) co_return;
      auto sent = co_await conn.write(bytes.view());
      if (!sent) co_return;
      bytes.clear();
    }
  }
};

class Login final : public LineConnection {
 public:
  explicit Login(Echo& echo) : echo_(echo) {}

 private:
  void on_open(Reply& reply) override { reply.write("password of ", conn().remote_addr().host(), "?\n"); }

  void on_line(std::string_view line, Reply& reply) override {
    if (!is_known_) return check(line, reply);
    reply.write("you said ", line, "\n");
    if (line == "bytes") reply.hand_over(echo_);
  }

  void check(std::string_view password, Reply& reply) {
    is_known_ = password == "tulip";
    if (is_known_) return reply.write("welcome\n");
    reply.write("wrong\n");
    if (++tries_ == 3) reply.close();
  }

  Echo& echo_;
  bool is_known_ = false;
  int tries_ = 0;
};

}  // namespace

Handler login_protocol() {
  static Echo echo;
  static LineConnectionFactory logins([] { return std::make_unique<Login>(echo); });
  return logins;
}

}  // namespace reactord

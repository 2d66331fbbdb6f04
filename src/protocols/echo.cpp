// echo: returns every byte as it came (RFC 862).
#include "protocols/table.hpp"

namespace reactord {
namespace {

class EchoProtocol final : public StreamHandler {
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

}  // namespace

Handler echo_protocol() {
  static EchoProtocol protocol;
  return protocol;
}

}  // namespace reactord

// frame: returns each frame: two bytes of length, the greater first, and as many bytes.
#include "protocols/table.hpp"
#include "reactord/buffered_reader.hpp"

namespace reactord {
namespace {

class FrameProtocol final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    BufferedReader reader(conn);
    while (true) {
      auto head = co_await reader.peek(2);
      if (!head) co_return;
      const auto high = static_cast<unsigned char>((*head)[0]), low = static_cast<unsigned char>((*head)[1]);
      auto frame = co_await reader.read_exactly(2 + high * std::size_t{256} + low);
      if (!frame) co_return;
      auto sent = co_await conn.write(*frame);
      if (!sent) co_return;
    }
  }
};

}  // namespace

Handler frame_protocol() {
  static FrameProtocol protocol;
  return protocol;
}

}  // namespace reactord

// counter: numbers the lines of each connection.
#include <cstdint>
#include <string>

#include "protocols/table.hpp"
#include "reactord/line_reader.hpp"

namespace reactord {
namespace {

class CounterProtocol final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    LineReader lines(conn);
    std::uint64_t count = 0;
    while (true) {
      auto line = co_await lines.read_line();
      if (!line) co_return;
      const std::string number = std::to_string(++count);
      auto sent = co_await conn.write(number, " ", *line, "\n");
      if (!sent) co_return;
    }
  }
};

}  // namespace

Handler counter_protocol() {
  static CounterProtocol protocol;
  return &protocol;
}

}  // namespace reactord

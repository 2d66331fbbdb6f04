// counter: numbers the lines of each connection.
#include <cstdint>
#include <memory>
#include <string>

#include "protocols/table.hpp"
#include "reactord/line_connection.hpp"

namespace reactord {
namespace {

class Counter final : public LineConnection {
  void on_line(std::string_view line, Reply& reply) override {
    reply.write(std::to_string(++lines_), " ", line, "\n");
  }
  std::uint64_t lines_ = 0;
};

}  // namespace

Handler counter_protocol() {
  static LineConnectionFactory counters([] { return std::make_unique<Counter>(); });
  return counters;
}

}  // namespace reactord

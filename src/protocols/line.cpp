// line: trims each line of ASCII space, skips blank ones, and answers "Server: " and the line.
#include "protocols/table.hpp"
#include "reactord/line_reader.hpp"

namespace reactord {
namespace {

class LineProtocol final : public LineHandler {
  void on_line(std::string_view line, Reply& reply) override {
    const std::string_view message = trim_space(line);
    if (!message.empty()) reply.write("Server: ", message, "\n");
  }
};

}  // namespace

Handler line_protocol() {
  static LineProtocol protocol;
  return protocol;
}

}  // namespace reactord

// upper: answers each line with the same line in upper case.
#include <cctype>
#include <string>

#include "protocols/table.hpp"

namespace reactord {
namespace {

class UpperProtocol final : public LineHandler {
  void on_line(std::string_view line, Reply& reply) override {
    std::string upper(line);
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    reply.write(upper, "\n");
  }
};

}  // namespace

Handler upper_protocol() {
  static UpperProtocol protocol;
  return protocol;
}

}  // namespace reactord

// later: answers each line after as many milliseconds as it says, as if it asked a database meanwhile.
#include <charconv>

#include "protocols/table.hpp"
#include "reactord/async_line_handler.hpp"

namespace reactord {
namespace {

class Later final : public AsyncLineHandler {
  Task<> on_line(std::string_view line, Answer& answer, Context& context) override {
    unsigned milliseconds = 0;
    std::from_chars(line.data(), line.data() + line.size(), milliseconds);
    auto slept = co_await context.sleep(std::chrono::milliseconds(milliseconds));
    answer.write(slept ? "done: " : "given up: ", line, "\n");
  }
};

}  // namespace

Handler later_protocol() {
  static Later protocol;
  return protocol;
}

}  // namespace reactord

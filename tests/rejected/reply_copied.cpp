// A copy would outlive the call, and refer to the loop's shared buffer.
// error: deleted
#include "reactord/handler.hpp"

struct Keeps final : reactord::LineHandler {
  void on_line(std::string_view, reactord::Reply& reply) override { auto kept = reply; }
};

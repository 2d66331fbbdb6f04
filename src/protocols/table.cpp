#include "protocols/table.hpp"

namespace reactord {

Handler echo_protocol();
Handler line_protocol();

std::vector<Protocol> protocols() {
  return {
      {"line", "answers each line with \"Server: \" and the line", line_protocol},
      {"echo", "answers every byte with itself", echo_protocol},
  };
}

}  // namespace reactord

#include "protocols/table.hpp"

#include <algorithm>

namespace reactord {

Handler echo_protocol();
Handler line_protocol();

std::span<const Protocol> protocols() noexcept {
  static constexpr Protocol table[] = {
      {"line", "answers each line with \"Server: \" and the line", line_protocol},
      {"echo", "answers every byte with itself", echo_protocol},
  };
  return table;
}

const Protocol* find_protocol(std::string_view name) noexcept {
  const auto found = std::ranges::find(protocols(), name, &Protocol::name);
  return found == protocols().end() ? nullptr : &*found;
}

}  // namespace reactord

#include "serve/proxy_header.hpp"

#include <algorithm>

namespace reactord {

bool begins_with_proxy_header(std::string_view bytes, std::uint64_t offset) noexcept {
  using namespace std::string_view_literals;
  static constexpr std::string_view text[] = {"PROXY TCP4 ", "PROXY TCP6 ", "PROXY UNKNOWN\r",
                                              "PROXY UNKNOWN "};
  static constexpr std::string_view signature = "\r\n\r\n\0\r\nQUIT\n"sv;
  static constexpr std::size_t behind_lines = 7;  // "\r\n\r\n\0\r\n"
  if (offset == 0 &&
      std::ranges::any_of(text, [&](std::string_view begin) { return bytes.starts_with(begin); }))
    return true;
  // It may come in pieces whose blank lines were served already; each piece ends with a newline.
  if ((offset != 0 && offset != 2 && offset != 4) || offset + bytes.size() < behind_lines) return false;
  const std::string_view expected = signature.substr(offset);
  const std::size_t count = std::min(bytes.size(), expected.size());
  return bytes.substr(0, count) == expected.substr(0, count);
}

bool refuses_proxy_header(Endpoint& endpoint, std::string_view bytes) {
  const bool has_answers = endpoint.bytes_written() + endpoint.unsent() > 0;
  if (has_answers || !begins_with_proxy_header(bytes, endpoint.bytes_read() - bytes.size())) return false;
  endpoint.output().append(endpoint.reactor().buffers(), "ERR no PROXY header is expected here\n");
  return true;
}

}  // namespace reactord

#include "control/request.hpp"

#include "reactord/line_splitter.hpp"

namespace reactord::control {

Parsed<std::string> request_of(std::span<const std::string> words, bool json) {
  using namespace std::string_view_literals;
  std::string request;
  for (const std::string& word : words) {
    if (word.find_first_of("\n\r\0"sv) != word.npos) {
      return std::unexpected("a command is one line: write it without line ends and NUL bytes");
    }
    if (!request.empty()) request += ' ';
    request += word;
  }
  if (trim_space(request).empty()) return std::unexpected("the command is empty: see reactordctl --help");
  if (json) request += " --json";
  return request += '\n';
}

}  // namespace reactord::control

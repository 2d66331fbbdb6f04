#include "protocols/programs/worker_answer.hpp"

#include <cassert>
#include <charconv>

namespace reactord {

std::optional<WorkerAnswer> parse_worker_answer(std::string_view line) noexcept {
  assert(line.ends_with('\n'));
  WorkerAnswer answer;
  const char* const end = line.data() + line.size();
  const auto [behind, error] = std::from_chars(line.data(), end, answer.connection);
  if (error != std::errc()) return std::nullopt;
  std::string_view rest(behind, static_cast<std::size_t>(end - behind));
  const char mark = rest.front();
  if (mark == ' ' || mark == '\n') {
    answer.bytes = mark == ' ' ? rest.substr(1) : rest;
    return answer;
  }
  rest.remove_prefix(1);
  if (rest.front() != ' ' && rest.front() != '\n') return std::nullopt;
  const bool has_text = rest.front() == ' ';
  answer.bytes = has_text ? rest.substr(1) : rest;
  switch (mark) {
    case '+':
      answer.kind = WorkerAnswer::Kind::more;
      return answer;
    case '=':
      answer.kind = WorkerAnswer::Kind::more;
      answer.bytes.remove_suffix(1);
      return answer;
    case '-':
      answer.kind = WorkerAnswer::Kind::end;
      if (!has_text) answer.bytes = {};
      return answer;
    case '.':
      answer.kind = WorkerAnswer::Kind::none;
      answer.bytes = {};
      return has_text ? std::nullopt : std::optional(answer);
    default:
      return std::nullopt;
  }
}

}  // namespace reactord

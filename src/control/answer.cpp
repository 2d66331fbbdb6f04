#include "control/answer.hpp"

#include <cassert>

namespace reactord::control {
namespace {

constexpr std::string_view ok = "OK", error = "ERR ";

// Whether a line that begins so may be the last.
bool may_be_last(std::string_view beginning) {
  return beginning == "OK\r" || ok.starts_with(beginning) || error.starts_with(beginning) ||
         beginning.starts_with(error);
}

}  // namespace

void Answer::take(std::string_view bytes, std::string& shown) {
  while (!bytes.empty() && !has_ended()) {
    const std::size_t end = bytes.find('\n');
    const bool is_line = end != bytes.npos;
    const std::string_view piece = bytes.substr(0, end);
    bytes.remove_prefix(is_line ? end + 1 : bytes.size());
    if (state_ == State::beginning) {
      take_beginning(piece, is_line, shown);
    } else {
      shown.append(piece);
      if (!is_line) continue;
      shown += '\n';
      state_ = State::beginning;
    }
  }
}

void Answer::take_beginning(std::string_view piece, bool is_line, std::string& shown) {
  held_ += piece;
  if (is_line) return end_line(shown);
  if (may_be_last(held_)) {
    if (held_.size() > longest_reason) held_.resize(longest_reason);
    return;
  }
  shown += held_;
  held_.clear();
  state_ = State::within_text;
}

void Answer::end_line(std::string& shown) {
  if (held_ == ok || held_ == "OK\r") {
    state_ = State::ok;
  } else if (held_.starts_with(error)) {
    if (held_.ends_with('\r')) held_.pop_back();
    if (held_.size() > longest_reason) held_.resize(longest_reason);
    state_ = State::refused;
  } else {
    shown.append(held_).append("\n");
    held_.clear();
  }
}

std::string_view Answer::reason() const noexcept {
  assert(state_ == State::refused);
  return std::string_view(held_).substr(error.size());
}

}  // namespace reactord::control

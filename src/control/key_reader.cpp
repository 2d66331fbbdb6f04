#include "control/key_reader.hpp"

#include <utility>

namespace reactord::control {
namespace {

constexpr char escape_byte = '\x1b';

// The key of ESC [ letter and ESC O letter.
Key key_of_letter(char letter) noexcept {
  switch (letter) {
    case 'A':
      return Key::up;
    case 'B':
      return Key::down;
    case 'C':
      return Key::right;
    case 'D':
      return Key::left;
    case 'H':
      return Key::home;
    case 'F':
      return Key::end;
    case 'M':  // of the keypad
      return Key::enter;
    default:
      return Key::other;
  }
}

// The key of ESC [ number ~; a modifier may follow the number, behind a semicolon.
Key key_of_number(std::string_view parameters) noexcept {
  const std::string_view number = parameters.substr(0, parameters.find(';'));
  if (number == "1" || number == "7") return Key::home;
  if (number == "4" || number == "8") return Key::end;
  if (number == "5") return Key::page_up;
  if (number == "6") return Key::page_down;
  return Key::other;
}

}  // namespace

std::vector<KeyPress> KeyReader::take(std::string_view bytes) {
  std::vector<KeyPress> keys;
  for (const char byte : bytes) take_byte(byte, keys);
  return keys;
}

std::vector<KeyPress> KeyReader::expire() {
  const State was = std::exchange(state_, State::ground);
  if (was == State::escape) return {{Key::escape}};
  return {};
}

void KeyReader::take_byte(char byte, std::vector<KeyPress>& keys) {
  switch (state_) {
    case State::ground:
      return take_plain(byte, keys);
    case State::escape:
      state_ = byte == '[' ? State::sequence : byte == 'O' ? State::letter : State::ground;
      parameters_.clear();
      if (state_ != State::ground) return;
      keys.push_back({Key::escape});
      return take_plain(byte, keys);
    case State::sequence:
      return take_in_sequence(byte, keys);
    case State::letter:
      state_ = State::ground;
      keys.push_back({key_of_letter(byte)});
      return;
  }
}

void KeyReader::take_plain(char byte, std::vector<KeyPress>& keys) {
  const auto code = static_cast<unsigned char>(byte);
  if (byte == escape_byte) {
    state_ = State::escape;
  } else if (byte == '\r' || byte == '\n') {
    keys.push_back({Key::enter});
  } else if (byte == '\b' || code == 0x7f) {
    keys.push_back({Key::backspace});
  } else if (code < ' ') {
    keys.push_back({Key::control, static_cast<char>(code + '@')});
  } else if (code < 0x7f) {
    keys.push_back({Key::character, byte});
  } else if (code >= 0xc0) {  // the first byte of a character of several: it is one key
    keys.push_back({Key::other});
  }
}

void KeyReader::take_in_sequence(char byte, std::vector<KeyPress>& keys) {
  if (byte >= '@' && byte <= '~') {
    state_ = State::ground;
    keys.push_back({byte == '~' ? key_of_number(parameters_) : key_of_letter(byte)});
  } else if (byte < ' ' || byte > '~') {  // no part of a sequence: it was cut off
    state_ = State::ground;
    take_plain(byte, keys);
  } else if (parameters_.size() == longest_sequence) {
    state_ = State::ground;
    keys.push_back({Key::other});
  } else {
    parameters_ += byte;
  }
}

}  // namespace reactord::control

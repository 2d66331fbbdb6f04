// KeyReader: the bytes that a terminal sends, cut into keys. A key that sends several bytes may come in several pieces.
//
//     q                 the character q
//     ESC [ A           up
//     ESC [ 5 ~         page up
//     ESC               Escape, once escape_time has passed and nothing has followed
//
//     ground -- ESC --> escape -- [ --> sequence -- @ to ~ --> ground
//                         |   \-- O --> letter --- any -----> ground
//                         +-- another byte, or expire() --> Escape --> ground
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reactord/time.hpp"

namespace reactord::control {

enum class Key : std::uint8_t {
  character,  // KeyPress::character, from space to ~
  control,    // KeyPress::character, as in ctrl-L: the letter L
  enter,
  escape,
  backspace,
  up,
  down,
  left,
  right,
  page_up,
  page_down,
  home,
  end,
  other,  // one that is not known, or a character beyond ASCII
};

struct KeyPress {
  Key key;
  char character = 0;
  friend bool operator==(const KeyPress&, const KeyPress&) = default;
};

class KeyReader {
 public:
  // The time that a lone Escape waits: the rest of a sequence comes within it, over a slow line too.
  static constexpr Duration escape_time = 100ms;
  static constexpr std::size_t longest_sequence = 32;  // bytes; a longer one is other, and ends

  // The keys that `bytes` complete, in their order.
  std::vector<KeyPress> take(std::string_view bytes);

  // True while an Escape waits. The owner calls expire() once escape_time has passed without a byte.
  bool is_waiting() const noexcept { return state_ != State::ground; }
  std::vector<KeyPress> expire();  // Escape, for a lone one; nothing, for a sequence that was cut off

 private:
  enum class State : std::uint8_t {
    ground,    // between two keys
    escape,    // behind ESC
    sequence,  // behind ESC [; parameters_ has the bytes since
    letter,    // behind ESC O
  };
  void take_byte(char byte, std::vector<KeyPress>& keys);
  void take_plain(char byte, std::vector<KeyPress>& keys);
  void take_in_sequence(char byte, std::vector<KeyPress>& keys);

  State state_ = State::ground;
  std::string parameters_;
};

}  // namespace reactord::control

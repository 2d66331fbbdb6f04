// chat ADDRESS: one room for lines, as with nc(1): /nick NAME, /who, /quit; everything else is said to all others.
//
//     Guest <---> Membership <---> Group
//       ^                            |
//       +--- push() of a line <------+     at most Limits::output.hard bytes wait for a guest who does not read: then the
//                                          guest goes
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "program.hpp"
#include "reactord/group.hpp"

using namespace reactord;

namespace {

constexpr std::size_t longest_name = 16;

struct Room {
  Group guests;
  std::uint64_t last_number = 0;
};

class Guest final : public LineConnection {
 public:
  explicit Guest(Room& room) : room_(room), name_("guest" + std::to_string(++room.last_number)) {}

 private:
  void on_open(Reply& reply) override {
    reply.write("* you are ", name_, "; /nick NAME, /who, /quit\n");
    room_.guests.broadcast("* ", name_, " has come\n");
    here_.join(room_.guests);
  }

  void on_line(std::string_view line, Reply& reply) override {
    if (line.starts_with("/nick ")) return rename(line.substr(6), reply);
    if (line == "/who") {
      return room_.guests.for_each([&](LineConnection& one) { reply.write(guest(one).name_, "\n"); });
    }
    if (line == "/quit") return reply.close();
    if (line.starts_with("/")) return reply.write("! /nick NAME, /who or /quit\n");
    if (!line.empty()) room_.guests.broadcast_except(*this, name_, ": ", line, "\n");
  }

  void on_end(EndCause) noexcept override {
    here_.leave();
    try {
      room_.guests.broadcast("* ", name_, " has left\n");
    } catch (const std::bad_alloc&) {
      // Nobody is told.
    }
  }

  void rename(std::string_view to, Reply& reply) {
    const bool is_name =
        !to.empty() && to.size() <= longest_name && std::ranges::all_of(to, is_letter_or_digit);
    bool is_taken = false;
    room_.guests.for_each([&](LineConnection& one) { is_taken |= guest(one).name_ == to; });
    if (!is_name) return reply.write("! a name has 1 to 16 letters and digits\n");
    if (is_taken) return reply.write("! ", to, " is here already\n");
    room_.guests.broadcast("* ", name_, " is ", to, " now\n");
    name_ = to;
  }

  static bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }
  static Guest& guest(LineConnection& one) { return static_cast<Guest&>(one); }  // nobody else joins the room

  Room& room_;
  std::string name_;
  Membership here_{*this};
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return program::complain("usage: chat ADDRESS, as in chat 127.0.0.1:9090");
  Room room;
  LineConnectionFactory guests([&room] { return std::make_unique<Guest>(room); });
  return program::serve(arguments[1], guests, {.idle_timeout = std::chrono::hours(1)});
}

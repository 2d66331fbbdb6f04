#include "daemon/control_option.hpp"

#include <algorithm>

#include "daemon/socket_file_words.hpp"
#include "reactord/address.hpp"

namespace reactord {
namespace {

constexpr const char* what_is_right =
    "write unix:/run/reactord/control.sock, unix:@name, or none for no control socket";

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

}  // namespace

Parsed<ControlOption> parse_control(std::string_view text) {
  const auto refuse = [text](const std::string& why) {
    return std::unexpected(std::string(text) + ": " + why);
  };
  if (text == "none") return ControlOption{};
  if (has_control_character(text)) return refuse("must not hold a control character");
  ControlOption option;
  std::string_view address = text;
  const auto file = take_socket_file_words(address, option.file);
  if (!file) return refuse(file.error());
  // Nobody knows who is at the other end of other networks.
  if (!address.starts_with("unix:"))
    return refuse(std::string("a control socket is a unix socket: ") + what_is_right);
  const auto parsed = Address::parse(address);
  if (!parsed) return refuse(parsed.error().text() + "; " + what_is_right);
  if (parsed->path().empty()) return refuse(std::string("it has no name: ") + what_is_right);
  option.address = address;
  if (option.has_file() && !option.file.mode) option.file.mode = ControlOption::usual_mode;
  return option;
}

}  // namespace reactord

#include "daemon/socket_file_words.hpp"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "base/suggestion.hpp"

namespace reactord {
namespace {

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

Parsed<unsigned> parse_mode(std::string_view text) {
  constexpr unsigned most = 0777;
  unsigned mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  const bool is_octal = error == std::errc() && end == text.data() + text.size() && mode <= most;
  if (!is_octal) return std::unexpected("write mode=0600, 0660 or 0666, an octal number up to 0777");
  return mode;
}

// A number, or the number that `find` gives for a name.
template <typename Find>
Parsed<unsigned> parse_id(std::string_view text, const char* kind, Find find) {
  constexpr unsigned none = static_cast<unsigned>(-1);  // as in chown(2)
  unsigned id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc() && end == text.data() + text.size() && id != none) return id;
  const auto found = find(std::string(text).c_str());
  if (found) return *found;
  return std::unexpected("unknown " + std::string(kind) + ' ' + quoted(text) +
                         ": write a name or a number that there is");
}

std::optional<unsigned> user_id(const char* name) {
  const passwd* const user = ::getpwnam(name);
  return user == nullptr ? std::nullopt : std::optional<unsigned>(user->pw_uid);
}

std::optional<unsigned> group_id(const char* name) {
  const group* const found = ::getgrnam(name);
  return found == nullptr ? std::nullopt : std::optional<unsigned>(found->gr_gid);
}

Parsed<void> set_file_option(std::string_view name, std::string_view value, SocketFileOptions& file) {
  static constexpr std::array<std::string_view, 3> names{"mode", "owner", "group"};
  if (std::ranges::find(names, name) == names.end())
    return std::unexpected("unknown " + quoted(name) + ", " + suggestion(name, names));
  std::optional<unsigned>& member = name == "mode" ? file.mode : name == "owner" ? file.owner : file.group;
  if (member) return std::unexpected(std::string(name) + " is given twice");
  const auto parsed = name == "mode"    ? parse_mode(value)
                      : name == "owner" ? parse_id(value, "user", user_id)
                                        : parse_id(value, "group", group_id);
  if (!parsed) return std::unexpected(parsed.error());
  member = *parsed;
  return {};
}

// Cuts the last word off `text` if it reads NAME=VALUE. A word of a path with spaces does not.
std::string_view cut_file_option(std::string_view& text) {
  const std::size_t space = text.rfind(' ');
  if (space == std::string_view::npos) return {};
  const std::string_view word = text.substr(space + 1);
  const std::size_t equals = word.find('=');
  const bool is_option =
      equals != std::string_view::npos && equals > 0 &&
      std::ranges::all_of(word.substr(0, equals), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
  if (!is_option) return {};
  text = text.substr(0, text.find_last_not_of(' ', space) + 1);
  return word;
}

}  // namespace

Parsed<void> take_socket_file_words(std::string_view& address, SocketFileOptions& file) {
  const std::string_view whole = address;
  for (std::string_view word = cut_file_option(address); !word.empty(); word = cut_file_option(address)) {
    const std::size_t equals = word.find('=');
    auto set = set_file_option(word.substr(0, equals), word.substr(equals + 1), file);
    if (!set) return set;
  }
  const bool is_path = address.starts_with("unix:") && !address.starts_with("unix:@");
  if (address.size() == whole.size() || is_path) return {};
  return std::unexpected("mode, owner and group are of the file of a unix path, which this is not");
}

}  // namespace reactord

#include "daemon/listen_option.hpp"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "base/suggestion.hpp"
#include "protocols/table.hpp"

namespace reactord {
namespace {

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

// True for a possible FileDescriptorName= of systemd.socket(5).
bool is_passed_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name.find(':') == std::string_view::npos;
}

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

Parsed<void> parse_file_options(std::string_view& address, SocketFileOptions& file) {
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

struct Family {
  std::string_view prefix;
  Network network;
};
constexpr std::array<Family, 3> families{
    {{"tcp4:", Network::tcp4}, {"tcp6:", Network::tcp6}, {"tcp:", Network::tcp}}};

}  // namespace

Parsed<std::string> parse_protocol(std::string_view name) {
  if (find_protocol(name) != nullptr) return std::string(name);
  std::vector<std::string_view> names;
  for (const Protocol& protocol : protocols()) names.push_back(protocol.name);
  return std::unexpected("unknown protocol " + quoted(name) + ", " + suggestion(name, names));
}

Result<ListenPlace> listen_place(const ListenOption& option) {
  const auto of = [](Network network, Result<Address> address) -> Result<ListenPlace> {
    if (!address) return std::unexpected(std::move(address).error());
    return ListenPlace{network, std::move(*address)};
  };
  for (const Family& family : families) {
    if (!option.address.starts_with(family.prefix)) continue;
    const std::string_view rest = std::string_view(option.address).substr(family.prefix.size());
    return of(family.network, Address::parse(family.network, rest));
  }
  auto address = Address::parse(option.address);
  const Network network = address ? address->network() : Network::tcp;
  return of(network, std::move(address));
}

Parsed<ListenOption> parse_listen(std::string_view text) {
  const auto refuse = [text](const std::string& why) {
    return std::unexpected(std::string(text) + ": " + why);
  };
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) {
    return refuse("missing \"@\": write PROTOCOL@ADDRESS, as in line@:9090");
  }
  auto protocol = parse_protocol(text.substr(0, at));
  if (!protocol) return refuse(protocol.error());
  if (has_control_character(text)) return refuse("must not hold a control character");
  ListenOption listen{.protocol = std::move(*protocol), .address = {}};
  std::string_view address = text.substr(at + 1);
  const auto file = parse_file_options(address, listen.file);
  if (!file) return refuse(file.error());
  listen.address = address;
  if (listen.is_passed()) {
    if (!is_passed_name(listen.passed_name())) {
      return refuse(
          "write systemd:NAME, with the FileDescriptorName= of the socket unit, which has no colon");
    }
    return listen;
  }
  const auto place = listen_place(listen);
  if (!place) {
    return refuse(place.error().text() +
                  "; write :9090, 127.0.0.1:9090, [::1]:9090, tcp4::9090, unix:/path or unix:@name");
  }
  return listen;
}

PlaceName place_name(const ListenOption& option) {
  if (option.is_passed()) return {option.address};
  const auto place = listen_place(option);
  if (!place) return {option.text(), true};
  const Address& address = place->address;
  const bool is_chosen = address.is_unix() ? address.path().empty() : address.port() == 0;
  if (is_chosen) return {option.text(), true};
  if (address.is_unix()) return {"unix:" + address.text()};
  if (!address.is_wildcard()) return {address.text()};
  return {to_string(place->network) + (':' + std::to_string(address.port()))};
}

std::vector<std::string> kept_places(const PlaceName& place) {
  if (place.is_chosen) return {};
  const std::size_t colon = place.text.find(':');
  const std::string network = place.text.substr(0, colon), rest = place.text.substr(colon);
  if (network == "tcp") return {place.text, "tcp4" + rest, "tcp6" + rest};
  if (network == "tcp4" || network == "tcp6") return {place.text, "tcp" + rest};
  return {place.text};
}

}  // namespace reactord

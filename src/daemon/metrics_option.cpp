#include "daemon/metrics_option.hpp"

#include <algorithm>
#include <string>

#include "daemon/socket_file_words.hpp"
#include "reactord/address.hpp"

namespace reactord {
namespace {

constexpr const char* what_is_right =
    "write 127.0.0.1:9464, [::1]:9464, unix:/path, or none for no metrics over HTTP";

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

}  // namespace

Parsed<SidePlace> parse_metrics(std::string_view text) {
  const auto refuse = [text](const std::string& why) {
    return std::unexpected(std::string(text) + ": " + why);
  };
  if (text == "none") return SidePlace{};
  if (has_control_character(text)) return refuse("must not hold a control character");
  SidePlace place;
  std::string_view address = text;
  const auto file = take_socket_file_words(address, place.file);
  if (!file) return refuse(file.error());
  const auto parsed = Address::parse(address);
  if (!parsed) return refuse(parsed.error().text() + "; " + what_is_right);
  if (parsed->is_unix() && parsed->path().empty())
    return refuse(std::string("it has no name: ") + what_is_right);
  place.address = address;
  return place;
}

Parsed<std::string> parse_metrics_file(std::string_view text) {
  if (text == "none") return std::string();
  const bool is_path = text.starts_with('/') && !text.ends_with('/') && !has_control_character(text);
  if (is_path) return std::string(text);
  return std::unexpected(
      std::string(text) +
      ": write an absolute path, as in /var/lib/node_exporter/reactord.prom, or none for no "
      "file");
}

}  // namespace reactord

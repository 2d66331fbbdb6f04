#include "daemon/listen_option.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>
#include <vector>

#include "base/suggestion.hpp"
#include "daemon/program.hpp"
#include "daemon/settings.hpp"
#include "daemon/socket_file_words.hpp"

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

struct Family {
  std::string_view prefix;
  Network network;
};
constexpr std::array<Family, 3> families{
    {{"tcp4:", Network::tcp4}, {"tcp6:", Network::tcp6}, {"tcp:", Network::tcp}}};

}  // namespace

// The number of programs among which the one that is meant is looked for, and which are listed.
constexpr std::size_t most_suggested = 64;

std::string unknown_protocol(std::string_view name, const Program& program, const ProgramList& programs) {
  std::vector<std::string_view> names;
  for (const Protocol& protocol : program.protocols()) names.push_back(protocol.name);
  for (const ProgramSettings& one : programs.all() | std::views::take(most_suggested))
    names.push_back(one.name);
  return "unknown protocol " + quoted(name) + ", " + suggestion(name, names);
}

Parsed<void> check_protocol(std::string_view name, const Options& options) {
  if (options.program->find_protocol(name) != nullptr || options.programs.is_named(name)) return {};
  const std::string unknown = unknown_protocol(name, *options.program, options.programs);
  const bool is_word = !name.empty() && name.find_first_of(" ='\"\\") == std::string_view::npos;
  return std::unexpected(unknown + (unknown.ends_with('?') ? " Or name" : "; or name") +
                         " a program: program = " + (is_word ? std::string(name) : "NAME") + " COMMAND");
}

Parsed<void> check_inetd(const Options& options) {
  const std::string& name = options.inetd;
  if (name.empty() || options.program->find_protocol(name) != nullptr) return {};
  if (!options.programs.is_named(name))
    return std::unexpected(name + ": " + unknown_protocol(name, *options.program, {}));
  std::vector<std::string> known;
  for (const Protocol& protocol : options.program->protocols()) known.push_back(protocol.name);
  return std::unexpected(name + ": is a program, and inetd serves the built-in protocols only: " +
                         joined(known) + "; let inetd start the program itself");
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

Parsed<ListenOption> parse_listen(std::string_view text, const Program& program) {
  const auto refuse = [text](const std::string& why) {
    return std::unexpected(std::string(text) + ": " + why);
  };
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) {
    return refuse("missing \"@\": write PROTOCOL@ADDRESS, as in " + program.listen());
  }
  if (has_control_character(text)) return refuse("must not hold a control character");
  ListenOption listen{.protocol = std::string(text.substr(0, at)), .address = {}};
  std::string_view address = text.substr(at + 1);
  const auto file = take_socket_file_words(address, listen.file);
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
    const std::string port(program.example_port());
    return refuse(place.error().text() + "; write :" + port + ", 127.0.0.1:" + port + ", [::1]:" + port +
                  ", tcp4::" + port + ", unix:/path or unix:@name");
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

#include "daemon/program.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace reactord {
namespace {

bool is_name(std::string_view name, std::string_view others) {
  return !name.empty() && name.front() != '-' && std::ranges::all_of(name, [others](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

}  // namespace

Program::Program(DaemonProgram described)
    : described_(std::move(described)),
      own_section_("Settings of " + described_.name),
      about_section_("About " + described_.name) {
  own_values_.reserve(described_.settings.size());
  for (const Setting& common : common_settings()) {
    if (common.section == run_section && own_values_.empty()) add_own_settings();
    Setting& setting = settings_.emplace_back(common);
    if (setting.name == "listen") setting.standard = described_.listen;
    if (setting.section == about_section) setting.section = about_section_;
  }
}

void Program::add_own_settings() {
  for (const DaemonSetting& own : described_.settings) {
    own_values_.push_back({.placeholder = own.placeholder()});
    add_own_setting(own, own_values_.back());
  }
}

void Program::add_own_setting(const DaemonSetting& own, const ValueKind& value) {
  settings_.push_back({.name = own.name(),
                       .value = &value,
                       .section = own_section_,
                       .standard = own.standard(),
                       .set = nullptr,
                       .help = own.help(),
                       .manual = own.help(),
                       .own = &own,
                       .own_index = standards_.size()});
  auto standard = own.parse(own.standard());
  if (!standard) wrong_standard_ = "the default of the setting " + own.name() + ": " + standard.error();
  standards_.push_back(standard ? std::move(*standard) : DaemonSetting::PutInForce());
}

std::string Program::mistake() const {
  constexpr std::string_view name_letters = "-_ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  if (!is_name(name(), name_letters)) return "the program needs a name of letters, digits, - and _";
  if (protocols().empty()) return "the program needs at least one protocol";
  std::set<std::string_view> names;
  for (const Protocol& protocol : protocols()) {
    if (!is_name(protocol.name, name_letters) || !names.insert(protocol.name).second) {
      return "the protocol \"" + protocol.name + "\" needs a name of letters, digits, - and _, of its own";
    }
  }
  names.clear();
  for (const Setting& setting : settings()) {
    if (!is_name(setting.name, "-") || !names.insert(setting.name).second) {
      return "the setting \"" + std::string(setting.name) +
             "\" needs a name of small letters, digits and -, which no other setting has";
    }
    if (setting.own != nullptr && (setting.standard.empty() || setting.placeholder().empty())) {
      return "the setting " + std::string(setting.name) + " needs a default and a placeholder";
    }
  }
  if (!wrong_standard_.empty()) return wrong_standard_;
  if (listen().empty()) {
    return "the program needs a default of listen: write PROTOCOL@ADDRESS, as in " +
           protocols().front().name + "@:9090";
  }
  const auto listen_option = parse_listen(listen(), *this);
  if (!listen_option) return "the default of listen: " + listen_option.error();
  if (find_protocol(listen_option->protocol) != nullptr) return "";
  return "the default of listen: " + listen() + ": " + unknown_protocol(listen_option->protocol, *this, {});
}

std::string Program::summary() const {
  if (!described_.summary.empty()) return described_.summary;
  std::vector<std::string> names;
  for (const Protocol& protocol : protocols()) names.push_back(protocol.name);
  return "serves " + joined(names) + " to the network";
}

const Protocol* Program::find_protocol(std::string_view name) const noexcept {
  const auto found = std::ranges::find(protocols(), name, &Protocol::name);
  return found == protocols().end() ? nullptr : &*found;
}

std::string_view Program::example_port() const noexcept {
  const std::string_view text = listen();
  const std::size_t colon = text.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  const bool is_port = !port.empty() && port != "0" && port.size() <= 5 &&
                       std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  return is_port ? port : "9090";
}

const Setting* Program::find_setting(std::string_view name) const noexcept {
  const auto found = std::ranges::find(settings(), name, &Setting::name);
  return found == settings().end() ? nullptr : &*found;
}

std::vector<const ValueKind*> Program::explained_values() const {
  std::vector<const ValueKind*> found;
  for (const Setting& setting : settings()) {
    if (setting.value == nullptr || setting.value->help.empty()) continue;
    if (std::ranges::find(found, setting.value) == found.end()) found.push_back(setting.value);
  }
  return found;
}

}  // namespace reactord

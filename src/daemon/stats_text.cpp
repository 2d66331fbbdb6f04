#include "daemon/stats_text.hpp"

#include <unistd.h>

#include <deque>
#include <vector>

#include "daemon/control_host.hpp"
#include "daemon/control_table.hpp"
#include "daemon/setting_values.hpp"
#include "daemon/time_text.hpp"

namespace reactord {
namespace {

// A time of day is a text, which `texts` keeps.
ControlTable::Cell cell_of(const CounterValue& value, std::deque<std::string>& texts) {
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return *number;
  if (const auto* duration = std::get_if<Duration>(&value)) return *duration;
  if (const auto* text = std::get_if<std::string_view>(&value)) return texts.emplace_back(*text);
  return texts.emplace_back(time_text(std::get<std::chrono::system_clock::time_point>(value)));
}

}  // namespace

std::string stats_text(ControlHost& host, ControlFormat format) {
  std::deque<std::string> texts;
  const std::string_view version = texts.emplace_back(host.version());
  std::vector<ControlField> fields{{"version", version}, {"pid", static_cast<std::uint64_t>(::getpid())}};
  TellCounter add = [&](std::string_view name, const CounterValue& value) {
    const std::string_view kept = texts.emplace_back(name);
    fields.push_back({kept, cell_of(value, texts)});
  };
  host.tell(add);
  fields.push_back({"waiting", std::uint64_t{host.server().waiting_connections()}});
  fields.push_back({"draining", std::string_view(host.server().is_draining() ? "yes" : "no")});
  fields.push_back({"descriptors-limit", std::uint64_t{host.descriptors()}});
  fields.push_back({"log-level", log_level_names[static_cast<std::size_t>(host.log_level())]});
  std::string text;
  append_fields(fields, format, text);
  return text;
}

}  // namespace reactord

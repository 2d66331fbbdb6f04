#include "daemon/memory_budget.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/system.hpp"
#include "base/system_process.hpp"

namespace reactord {
namespace {

constexpr std::string_view hierarchy = "0::";  // in /proc/PID/cgroup, for version 2 of cgroups(7)

// A file of the kernel: short, and read at once. Empty when there is none.
std::string read_short(const std::string& file) {
  std::array<char, 4096> bytes;
  const int fd = system::open_to_read(file.c_str());
  if (fd < 0) return {};
  const auto count = system::read(fd, bytes.data(), bytes.size());
  system::close(fd);
  return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count)) : std::string();
}

// "max" and any other text that is no number means no limit.
std::optional<std::size_t> read_bytes(const std::string& file) {
  const std::string text = read_short(file);
  std::size_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc()) return std::nullopt;
  return bytes;
}

std::string group_of(const std::string& membership) {
  const std::string text = read_short(membership);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    if (line.starts_with(hierarchy)) return std::string(line.substr(hierarchy.size()));
    at = end + 1;
  }
  return {};
}

// The least limit of the group and all above it: each may be the full one.
std::optional<std::size_t> control_group_limit(const std::string& cgroups, const std::string& membership) {
  std::optional<std::size_t> least;
  std::string group = group_of(membership);
  if (group.empty()) return least;
  while (true) {
    if (group.ends_with('/')) group.pop_back();
    const auto bytes = read_bytes(cgroups + group + "/memory.max");
    if (bytes) least = std::min(*bytes, least.value_or(*bytes));
    const std::size_t above = group.rfind('/');
    if (above == std::string::npos) return least;
    group.resize(above);
  }
}

}  // namespace

std::optional<MemoryLimit> find_memory_limit(const std::string& cgroups, const std::string& membership) {
  std::optional<MemoryLimit> least;
  const auto consider = [&least](std::optional<std::size_t> bytes, std::string_view set_by) {
    if (bytes && (!least || *bytes < least->bytes)) least = {*bytes, set_by};
  };
  consider(system::address_space_left(), "ulimit -v, LimitAS= of a unit");
  consider(system::data_left(), "ulimit -d, LimitDATA= of a unit");
  consider(control_group_limit(cgroups, membership), "memory.max of its control group, MemoryMax= of a unit");
  return least;
}

std::size_t buffers_share(const MemoryLimit& limit) noexcept {
  constexpr std::size_t unit = 1024;
  return limit.bytes / 2 / unit * unit;
}

Parsed<std::size_t> buffers_that_fit(const std::optional<MemoryLimit>& limit,
                                     std::optional<std::size_t> asked, std::size_t standard,
                                     std::size_t max_line, const std::string& setting) {
  if (!limit || asked == 0) return asked.value_or(standard);
  const std::size_t share = buffers_share(*limit);
  const std::string why = std::to_string(limit->bytes) + " bytes of memory are to be had (" +
                          std::string(limit->set_by) + "), half of that is for buffers: ";
  if (asked && *asked > share) {
    return std::unexpected(setting + ": " + why + "at most " + size_text(share) + " fit; or raise the limit");
  }
  if (share < max_line) {
    return std::unexpected("max-buffers: " + why + size_text(share) +
                           " are less than one line may have, which is " + size_text(max_line) +
                           " (max-line): raise the limit");
  }
  return asked.value_or(std::min(standard, share));
}

}  // namespace reactord

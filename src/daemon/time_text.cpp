#include "daemon/time_text.hpp"

#include <cstdio>
#include <ctime>

namespace reactord {

void append_time(std::string& out, std::chrono::system_clock::time_point time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(milliseconds);
  const std::time_t since_epoch = std::chrono::system_clock::to_time_t(seconds);
  tm parts{};
  ::gmtime_r(&since_epoch, &parts);
  char text[48];
  std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  length += static_cast<std::size_t>(std::snprintf(text + length, sizeof text - length, ".%03dZ",
                                                   static_cast<int>((milliseconds - seconds).count())));
  out.append(text, length);
}

std::string time_text(std::chrono::system_clock::time_point time) {
  std::string text;
  append_time(text, time);
  return text;
}

}  // namespace reactord

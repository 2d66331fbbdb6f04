// Time text: a time of day as the log writes it, in UTC with milliseconds: 2026-01-31T12:00:00.000Z, ISO 8601.
#pragma once

#include <chrono>
#include <string>

namespace reactord {

void append_time(std::string& out, std::chrono::system_clock::time_point time);
std::string time_text(std::chrono::system_clock::time_point time);

}  // namespace reactord

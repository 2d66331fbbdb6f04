#include "load/outputs.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>

#include "load/file.hpp"
#include "load/report_json.hpp"
#include "reactord/error.hpp"

namespace reactord::load {
namespace {

Parsed<void> write_file(const std::string& path, const std::string& text) {
  const auto wrong = [&path](int number) {
    return std::unexpected(path + ": can't be written: " + errno_text(number));
  };
  std::FILE* const file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return wrong(errno);
  const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int saved = errno;
  const bool is_closed = std::fclose(file) == 0;  // what was buffered may fail as late as here
  if (is_written && is_closed) return {};
  return wrong(is_written ? errno : saved);
}

}  // namespace

Parsed<void> write_outputs(const LoadOptions& options, const LoadResult& result) {
  if (!options.json_path.empty()) {
    const auto written = write_file(options.json_path, report_json(result));
    if (!written) return written;
  }
  return {};
}

int compare_files(const LoadOptions&) { return 0; }

}  // namespace reactord::load

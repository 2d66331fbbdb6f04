#include "load/outputs.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "load/compare.hpp"
#include "load/file.hpp"
#include "load/plot_svg.hpp"
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

Parsed<LoadResult> read_result(const std::string& path) {
  const auto text = read_whole_file(path, max_json_size);
  if (!text) return std::unexpected(text.error());
  auto result = read_report_json(*text);
  if (result) return std::move(*result);
  return std::unexpected(path + ": " + result.error().text() + "; write it with --json");
}

}  // namespace

Parsed<void> write_outputs(const LoadOptions& options, const LoadResult& result) {
  if (!options.json_path.empty()) {
    const auto written = write_file(options.json_path, report_json(result));
    if (!written) return written;
  }
  if (options.plot_path.empty()) return {};
  return write_file(options.plot_path, plot_svg(result));
}

Parsed<void> compare_files(const LoadOptions& options) {
  const std::string &before = options.compare[0], &after = options.compare[1];
  const auto first = read_result(before);
  if (!first) return std::unexpected(first.error());
  const auto second = read_result(after);
  if (!second) return std::unexpected(second.error());
  std::fputs(compare_text({before, *first}, {after, *second}).c_str(), stdout);
  if (options.plot_path.empty()) return {};
  const std::array<PlotSeries, 2> series{{{before, &*first}, {after, &*second}}};
  return write_file(options.plot_path, plot_svg(before + " and " + after, series));
}

}  // namespace reactord::load

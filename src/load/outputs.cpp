#include "load/outputs.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
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

Parsed<void> check_outputs(const LoadOptions& options) {
  for (const std::string* path : {&options.json_path, &options.plot_path}) {
    if (path->empty()) continue;
    const std::filesystem::path folder = std::filesystem::path(*path).parent_path();
    std::error_code error;
    if (std::filesystem::is_directory(*path, error)) {
      return std::unexpected(*path + ": can't be written: it is a folder: name a file in it");
    }
    if (folder.empty() || std::filesystem::is_directory(folder, error)) continue;
    return std::unexpected(*path + ": can't be written: there is no folder " + folder.string());
  }
  return {};
}

std::vector<std::string> write_outputs(const LoadOptions& options, const LoadResult& result) {
  std::vector<std::string> wrong;
  const auto write = [&wrong](const std::string& path, const std::string& text) {
    const auto written = write_file(path, text);
    if (!written) wrong.push_back(written.error());
  };
  if (!options.json_path.empty()) write(options.json_path, report_json(result));
  if (!options.plot_path.empty()) write(options.plot_path, plot_svg(result));
  return wrong;
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

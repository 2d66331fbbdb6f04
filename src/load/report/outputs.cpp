#include "load/report/outputs.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "load/report/compare.hpp"
#include "load/report/plot_svg.hpp"
#include "load/report/report_text.hpp"
#include "load/result/result_json.hpp"
#include "load/script/file.hpp"
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
  const bool is_closed = std::fclose(file) == 0;  // buffered bytes may fail as late as here
  if (is_written && is_closed) return {};
  return wrong(is_written ? errno : saved);
}

Parsed<void> print(const std::string& text) {
  const bool is_shown = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  if (is_shown) return {};
  return std::unexpected("the report can't be written to standard output: " + errno_text(errno));
}

void add_failure(Verdict& verdict, const Parsed<void>& written) {
  if (!written) verdict.add(exit_failed, written.error());
}

Parsed<LoadResult> read_result(const std::string& path) {
  const auto text = read_whole_file(path, max_json_size);
  if (!text) return std::unexpected(text.error());
  auto result = read_result_json(*text);
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

Parsed<void> check_overwriting(const LoadOptions& options) {
  for (const std::string* path : {&options.json_path, &options.plot_path}) {
    if (path->empty()) continue;
    const bool is_compared = std::ranges::any_of(
        options.compare, [path](const std::string& input) { return is_same_file(*path, input); });
    if (is_compared || was_read(*path)) {
      return std::unexpected(*path + ": is read by this run, and would be written over: name another file");
    }
  }
  if (options.json_path.empty() || options.plot_path.empty()) return {};
  std::error_code error;
  const bool is_device = std::filesystem::exists(options.plot_path, error) &&
                         !std::filesystem::is_regular_file(options.plot_path, error);
  if (is_device || !is_same_file(options.plot_path, options.json_path)) return {};
  return std::unexpected(options.plot_path +
                         ": --json and --plot would write the same file: name another for one");
}

void write_outputs(const LoadOptions& options, const LoadResult& result, Verdict& verdict) {
  if (!options.quiet) add_failure(verdict, print(report_text(result, options.latency)));
  if (!options.json_path.empty()) add_failure(verdict, write_file(options.json_path, result_json(result)));
  if (!options.plot_path.empty()) add_failure(verdict, write_file(options.plot_path, plot_svg(result)));
}

Verdict compare_files(const LoadOptions& options) {
  Verdict verdict;
  const std::string &before = options.compare[0], &after = options.compare[1];
  const auto first = read_result(before);
  const auto second = read_result(after);
  for (const auto* read : {&first, &second}) {
    if (!*read) verdict.add(exit_failed, "--compare " + read->error());
  }
  if (verdict.is_failure()) return verdict;
  if (!options.quiet) add_failure(verdict, print(compare_text({before, *first}, {after, *second})));
  if (!options.json_path.empty())
    add_failure(verdict, write_file(options.json_path, compare_json({before, *first}, {after, *second})));
  if (!options.plot_path.empty()) {
    const std::array<PlotSeries, 2> series{{{before, &*first}, {after, &*second}}};
    add_failure(verdict, write_file(options.plot_path, plot_svg(before + " and " + after, series)));
  }
  add_conditions(verdict, options, *second);
  return verdict;
}

}  // namespace reactord::load

// Settings in force: the command line on top of the configuration, and the check for conflicts.
//
//     the standard   <   FILE   <   conf.d/*.conf   <   command line        listen: those of the files together,
//                                                                           or those of the command line alone
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "daemon/memory_budget.hpp"
#include "daemon/options.hpp"

namespace reactord {

struct Mistakes {
  std::vector<std::string> lines;  // at least one
  int status;                      // exit_configuration if a file contributes, else exit_usage
};

class SettingsInForce {
 public:
  // Reads the files that the command line names, if any.
  static std::expected<SettingsInForce, Mistakes> read(const CommandLine& line);

  const Options& options() const noexcept { return options_; }
  // The files that were read: without and with text.
  const std::vector<std::string>& empty_files() const noexcept { return empty_files_; }
  const std::vector<std::string>& full_files() const noexcept { return full_files_; }

  // The number of connections that fit below a limit on descriptors, with that number of listeners; the requested
  // number, if there is one.
  std::expected<std::size_t, Mistakes> connections_that_fit(std::size_t descriptors,
                                                            std::size_t listeners) const;

  // The bytes that their buffers may hold together below a limit on memory; the requested number, if there is one.
  std::expected<std::size_t, Mistakes> buffers_that_fit(const std::optional<MemoryLimit>& memory) const;

  // The options with both.
  std::expected<Options, Mistakes> options_within(std::size_t descriptors, std::size_t listeners,
                                                  const std::optional<MemoryLimit>& memory) const;

  // The same settings with one more, as if it stood in a file that `origin` names.
  std::expected<SettingsInForce, Mistakes> with(const Setting& setting, std::string_view value,
                                                std::string_view origin) const;

  // Its value as it may be written, and its origin: "default", "command line", "FILE:12". `options` are those of
  // options_within(), where a limit of the system has set what the setting leaves open.
  struct Shown {
    std::string value, origin;
  };
  Shown shown(const Setting& setting, const Options& options) const;

  // An equivalent configuration, each setting with its origin: "idle-timeout = 30s  # FILE:12". `max_buffers` is the
  // value in force: the text says so when a limit on memory allows less than the default.
  std::string text(std::size_t max_buffers) const;

 private:
  explicit SettingsInForce(Options options) : options_(std::move(options)) {}
  const Assignment* assigned(std::string_view name) const noexcept;  // the one in force; null: the default
  std::string listen_text() const;
  std::string program_text() const;
  // The mistake when a limit of the system refuses that setting.
  Mistakes refusal(std::string_view name, std::string error) const;
  bool is_of_file(std::string_view name) const noexcept;
  std::string written(std::string_view name) const;
  std::string written(std::string_view name, const std::string& value) const;
  std::string told(const Conflict& conflict) const;
  void find_mistakes(Mistakes& mistakes) const;
  void find_conflicting(Mistakes& mistakes) const;
  void find_programs_that_fail(Mistakes& mistakes) const;
  void remove_program(std::string_view name);

  Options options_;
  std::vector<Assignment> assignments_;  // the later one counts
  std::vector<std::string> empty_files_, full_files_;
};

}  // namespace reactord

// Configuration: the text of configuration files, read into settings, and every mistake in it, one line each.
//
//     idle-timeout = 30s              # as --idle-timeout 30s; what follows a space and # is a comment
//     listen = line@:9090             may be given again, as program may; any other setting once in each file
//     listen = "line@unix:/a # b"     quotes keep spaces and #; \" and \\ stand for " and \ in them
//
//     "FILE:12: idle-timout = 30: unknown key, did you mean idle-timeout?"
//
// Pure: text goes in, nothing is opened. Memory is bounded, whatever the text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/settings.hpp"

namespace reactord {

// A setting as it was written.
struct Assignment {
  const Setting* setting;
  std::string value;
  std::string origin;  // "FILE:12"; empty: the command line
};

class Configuration {
 public:
  explicit Configuration(const Program& program) : options_(program) {}  // it must outlive this

  static constexpr std::size_t longest_text = 1024 * 1024;  // the largest file, in bytes
  static constexpr std::size_t longest_line = 1024;         // in bytes
  static constexpr std::size_t most_mistakes = 100;         // the number reported; the others are counted

  // Reads one file's text on top of earlier files: the later value of a setting counts, listeners add up. `file` is its
  // name, for messages.
  void read(std::string_view text, std::string_view file);

  // Makes the listeners read so far invalid once a later file has any.
  void replace_listeners() noexcept { replaces_listeners_ = true; }

  // To be called once all files are read: a listener may be for a program that is named after it, or for one of `others`,
  // which no file names. Each listener for an unknown protocol is a mistake.
  void check_protocols(const ProgramList& others = {});

  void add_mistake(std::string text);
  void add_file(std::string file, bool is_empty) {
    (is_empty ? empty_files_ : full_files_).push_back(std::move(file));
  }

  // The correct assignments, in the order of their lines; and the settings they result in.
  const std::vector<Assignment>& assignments() const noexcept { return assignments_; }
  const Options& options() const noexcept { return options_; }
  // The files of add_file() that hold text.
  const std::vector<std::string>& full_files() const noexcept { return full_files_; }
  // The files of add_file() without a byte in them.
  const std::vector<std::string>& empty_files() const noexcept { return empty_files_; }
  std::vector<std::string> take_mistakes();  // a last line counts those left out; empty: none

 private:
  void read_line(std::string_view line, std::string_view file, std::size_t number);
  void assign(std::string_view name, std::string_view value, const std::string& origin);
  std::string origin_of_program(std::string_view name) const;
  bool is_told() const noexcept { return mistakes_.size() < most_mistakes; }  // the next one

  Options options_;
  std::vector<Assignment> assignments_;
  // The file and line of each setting that may be given once per file.
  std::unordered_map<const Setting*, std::string> in_file_;
  std::vector<std::string> mistakes_;
  std::size_t untold_ = 0;
  std::vector<std::string> empty_files_, full_files_;
  bool replaces_listeners_ = false;  // set until the next listener
};

// A value as it is written in a file: quoted when needed.
std::string written_value(std::string_view value);

}  // namespace reactord

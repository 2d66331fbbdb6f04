// Configuration: the text of configuration files, read into settings; and all that is wrong with it, one line each.
//
//     idle-timeout = 30s              # as --idle-timeout 30s; what follows a space and # is a comment
//     listen = line@:9090             may be given again, any other setting once in each file
//     listen = "line@unix:/a # b"     quotes keep spaces and #; \" and \\ stand for " and \ in them
//
//     "FILE:12: idle-timout = 30: unknown key, did you mean idle-timeout?"
//
// Pure: text goes in, nothing is opened. What a text may take is bounded, whatever it holds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/settings.hpp"

namespace reactord {

// A setting as somebody has written it.
struct Assignment {
  const Setting* setting;
  std::string value;
  std::string origin;  // "FILE:12"; empty: the command line
};

class Configuration {
 public:
  static constexpr std::size_t longest_text = 1024 * 1024;  // bytes of a file
  static constexpr std::size_t longest_line = 1024;         // bytes
  static constexpr std::size_t most_mistakes = 100;         // that are told; the others are counted

  // Reads one file's text on top of what was read before: the later value of a setting counts, listeners add up. `file`
  // is its name, for messages.
  void read(std::string_view text, std::string_view file);

  // Of the listeners read so far none counts, if what is read from here on has any.
  void replace_listeners() noexcept { replaces_listeners_ = true; }

  void add_mistake(std::string text);
  void add_file(std::string file, bool is_empty) {
    (is_empty ? empty_files_ : full_files_).push_back(std::move(file));
  }

  // What was right, in the order of its lines; and what the settings come to.
  const std::vector<Assignment>& assignments() const noexcept { return assignments_; }
  const Options& options() const noexcept { return options_; }
  // Of add_file().
  const std::vector<std::string>& full_files() const noexcept { return full_files_; }
  const std::vector<std::string>& empty_files() const noexcept {
    return empty_files_;
  }                                          // without a byte in them
  std::vector<std::string> take_mistakes();  // with a last line that counts those left out; empty: none

 private:
  void read_line(std::string_view line, std::string_view file, std::size_t number);
  void assign(std::string_view name, std::string_view value, const std::string& origin);
  bool is_told() const noexcept { return mistakes_.size() < most_mistakes; }  // the next mistake

  Options options_;
  std::vector<Assignment> assignments_;
  std::unordered_map<const Setting*, std::string>
      in_file_;  // those that may be given once, and where they are
  std::vector<std::string> mistakes_;
  std::size_t untold_ = 0;
  std::vector<std::string> empty_files_, full_files_;
  bool replaces_listeners_ = false;  // with the next one
};

// A value as it is written in a file: quoted where it must be.
std::string written_value(std::string_view value);

}  // namespace reactord

// DaemonSetting: a setting of your own for run_daemon() (daemon.hpp). It is read as all others are, from the command line
// and from the file, and shown by --help and --check.
//
//     std::size_t longest_value = 0;
//     DaemonSetting("longest-value", "SIZE", "1KiB", "take values of up to SIZE", parse_size, longest_value)
//
//     text --parse--> value     all settings are right --> target = value
//                       |                                  at the start, and at each reload
//                     error --> told with its file and line; target stays as it is
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "reactord/time.hpp"

namespace reactord {

// The fault and what would be right, ready to be printed.
using UsageError = std::string;

template <typename Value>
using Parsed = std::expected<Value, UsageError>;

// Parsers. An error begins with the wrong text, and says what would be right.
Parsed<Duration> parse_duration(std::string_view text);  // 500ms, 1.5s, 2m, 1h: from 1ms to ten years; or 0
Parsed<std::size_t> parse_size(std::string_view text);   // 4096, 64KiB, 1MiB: at most 1024GiB
Parsed<unsigned> parse_number(std::string_view text, unsigned least, unsigned most);
Parsed<unsigned> parse_percentage(std::string_view text, unsigned most);  // 10%
Parsed<bool> parse_yes_or_no(std::string_view text);
Parsed<std::string> parse_text(std::string_view text);  // as it is; it must not be empty

class DaemonSetting {
 public:
  // `parser` returns a Parsed value that can be assigned to `target`; it is called for each text, and must have no effect.
  // The text of an error is put in front of it, where the error does not begin with it. An exception is an error, too.
  // `standard` is the default, as it would be written: `target` is set to it where nothing else is written. `target` must
  // outlive run_daemon(), and changes on the loop only, between two calls of handlers. `name` has lower-case letters,
  // digits and dashes; `placeholder` stands for the value in --help.
  template <typename Parse, typename Value>
  requires std::is_assignable_v<Value&,
                                const typename std::invoke_result_t<Parse&, std::string_view>::value_type&>
  DaemonSetting(std::string name, std::string placeholder, std::string standard, std::string help,
                Parse parser, Value& target)
      : name_(std::move(name)),
        placeholder_(std::move(placeholder)),
        standard_(std::move(standard)),
        help_(std::move(help)),
        parse_(
            [parser = std::move(parser), to = &target](std::string_view text) mutable -> Parsed<PutInForce> {
              auto parsed = parser(text);
              if (!parsed) return std::unexpected(std::move(parsed).error());
              return [value = std::move(*parsed), to] { *to = value; };
            }) {}

  const std::string& name() const noexcept { return name_; }
  const std::string& placeholder() const noexcept { return placeholder_; }
  const std::string& standard() const noexcept { return standard_; }
  const std::string& help() const noexcept { return help_; }

  // The step that puts the value in force.
  using PutInForce = std::function<void()>;
  Parsed<PutInForce> parse(std::string_view text) const;

 private:
  std::string name_, placeholder_, standard_, help_;
  std::function<Parsed<PutInForce>(std::string_view)> parse_;
};

}  // namespace reactord

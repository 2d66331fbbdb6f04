// Settings: the table of the load generator's options, one row each.
//
//     letter  name          placeholder  section  help                      standard  apply
//     c       connections   NUMBER       ...      so many at once           10        text -> LoadOptions::connections
//
// A new option is a new row: getopt, --help, "did you mean" and the completion's test are made from it.
#pragma once

#include <span>
#include <string_view>

#include "load/options/option_values.hpp"
#include "load/options/options.hpp"

namespace reactord::load {

struct LoadSetting {
  char letter;  // 0: none
  std::string_view name, placeholder, section, help, standard;
  Parsed<void> (*apply)(std::string_view text, LoadOptions& options);
};

std::span<const LoadSetting> load_settings() noexcept;  // in the order of --help

}  // namespace reactord::load

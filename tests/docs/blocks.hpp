// Blocks: what the pages take from the table of settings. Each stands between two lines of its page, comments there:
//
//     BEGIN settings: from src/daemon/settings_table.cpp, by make docs
//     END settings
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace docs {

struct Block {
  const char* file;  // its page
  std::string_view name;
  std::string (*text)();  // whole lines
};

std::span<const Block> blocks();

// The page with `text` as its block `name`. Error: what is wrong with the lines around it.
std::expected<std::string, std::string> with_block(std::string_view page, std::string_view name,
                                                   std::string_view text);

}  // namespace docs

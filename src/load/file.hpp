// File: the whole of a file, where it is not too long.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace reactord {

// Error: the path and what is wrong with it. Blocks, as files do: for the time before the loop runs.
std::expected<std::string, std::string> read_whole_file(const std::string& path, std::size_t most);

}  // namespace reactord

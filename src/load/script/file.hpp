// File: the whole of a file, where it is not too long; and which files were read.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace reactord::load {

// Error: the path and what is wrong with it. Blocks, as files do: for the time before the loop runs.
std::expected<std::string, std::string> read_whole_file(const std::string& path, std::size_t most);

// Whether `path` leads to a file that was read by the above, by whatever name: it must not be written over. Of the whole
// program, since texts are read in many places and written in one.
bool was_read(const std::string& path);
// Whether both lead to the same file, or would if they were there.
bool is_same_file(const std::string& path, const std::string& other);

}  // namespace reactord::load

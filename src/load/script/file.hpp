// File: reads whole files, up to a limit, and remembers which files were read.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace reactord::load {

// Error: the path and what is wrong with it. It blocks, so it must be called before the loop runs.
std::expected<std::string, std::string> read_whole_file(const std::string& path, std::size_t most);

// Whether `path` leads to a file that read_whole_file() has read under any name, anywhere in the program. Such a file
// must not be written over.
bool was_read(const std::string& path);
// Whether both paths lead to the same file, or would if it existed.
bool is_same_file(const std::string& path, const std::string& other);

}  // namespace reactord::load

#include "load/script/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>

namespace reactord::load {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

std::set<std::string>& paths_read() {
  static std::set<std::string> paths;
  return paths;
}

}  // namespace

std::expected<std::string, std::string> read_whole_file(const std::string& path, std::size_t most) {
  // A folder can be opened, and a pipe without a writer would block the program for ever.
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return std::unexpected(path + ": is no regular file");
  }
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
  if (!file) return std::unexpected(path + ": " + std::strerror(errno));
  std::string bytes;
  std::array<char, 65536> piece;
  while (const std::size_t count = std::fread(piece.data(), 1, piece.size(), file.get())) {
    if (bytes.size() + count > most) {
      return std::unexpected(path + ": is longer than " + std::to_string(most / 1024) + "KiB");
    }
    bytes.append(piece.data(), count);
  }
  if (std::ferror(file.get())) return std::unexpected(path + ": " + std::strerror(errno));
  paths_read().insert(path);
  return bytes;
}

bool was_read(const std::string& path) {
  return std::ranges::any_of(paths_read(),
                             [&path](const std::string& read) { return is_same_file(path, read); });
}

bool is_same_file(const std::string& path, const std::string& other) {
  std::error_code error;
  if (std::filesystem::equivalent(path, other, error)) return true;
  const auto normal = [&error](const std::string& of) {
    return std::filesystem::absolute(of, error).lexically_normal();
  };
  return normal(path) == normal(other);
}

}  // namespace reactord::load

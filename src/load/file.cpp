#include "load/file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace reactord {
namespace {

struct Closer {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

}  // namespace

std::expected<std::string, std::string> read_whole_file(const std::string& path, std::size_t most) {
  // A folder can be opened, and a pipe that nobody writes to would hold the program up for ever.
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return std::unexpected(path + ": is no regular file");
  }
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "re"));
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
  return bytes;
}

}  // namespace reactord

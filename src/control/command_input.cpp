#include "control/command_input.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include "base/system.hpp"
#include "base/system_process.hpp"

namespace reactord::control {

Result<std::optional<std::string>> CommandInput::next() {
  while (true) {
    std::string_view rest = bytes_, line;
    const LineSplitter::Found found = splitter_.next(rest, line);
    if (found == LineSplitter::Found::too_long) return std::unexpected(Error(ErrorCode::line_too_long));
    if (found == LineSplitter::Found::line) {
      std::string command(line);
      bytes_.erase(0, bytes_.size() - rest.size());
      return command;
    }
    if (ended_ && bytes_.empty()) return std::nullopt;
    if (ended_) {
      splitter_ = LineSplitter();  // it remembers how much of the bytes it has searched
      return std::string(LineSplitter::last(std::exchange(bytes_, {})));
    }
    const auto read = read_more();
    if (!read) return std::unexpected(read.error());
  }
}

Result<void> CommandInput::read_more() {
  std::array<char, 4096> piece;
  ssize_t count = system::read(fd_, piece.data(), piece.size());
  if (count == -EAGAIN && !system::is_blocking(fd_)) {
    system::make_blocking(fd_);  // another process that has the same terminal open had made it so
    count = system::read(fd_, piece.data(), piece.size());
  }
  if (count < 0) return std::unexpected(Error::from_errno(static_cast<int>(-count)));
  ended_ = count == 0;
  bytes_.append(piece.data(), static_cast<std::size_t>(count));
  return {};
}

}  // namespace reactord::control

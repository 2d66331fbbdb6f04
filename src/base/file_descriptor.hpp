// FileDescriptor: owns one descriptor, and closes it.
#pragma once

#include <utility>

#include "base/system.hpp"

namespace reactord {

class FileDescriptor {
 public:
  FileDescriptor() noexcept = default;                   // owns none
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}  // takes it over; a negative number: none
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~FileDescriptor() { reset(); }

  int get() const noexcept { return fd_; }  // -1: none
  bool is_open() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }  // to another owner
  void reset(int fd = -1) noexcept {
    if (fd_ >= 0) system::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace reactord

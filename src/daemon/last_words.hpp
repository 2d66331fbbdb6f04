// LastWords: what a daemon prints when an exception can't propagate, out of a destructor or of a noexcept function, before
// its process ends; and when memory has run out. It allocates nothing.
#pragma once

#include <array>
#include <exception>
#include <string_view>

namespace reactord {

// Holds while it exists; there is one at a time.
class LastWords {
 public:
  LastWords() noexcept;  // the name is that of the executable
  ~LastWords();
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;

  void set_name(std::string_view name) noexcept;  // of the program; a copy is kept, cut where it is too long
  const char* name() const noexcept { return name_.data(); }

  // Prints that memory has run out. Returns the exit status.
  int complain_of_memory() const noexcept;

 private:
  std::array<char, 64> name_{};  // ends with a NUL
  std::terminate_handler before_;
};

}  // namespace reactord

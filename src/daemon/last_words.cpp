#include "daemon/last_words.hpp"

#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "base/system.hpp"

namespace reactord {
namespace {

// A terminate handler is given no argument.
const LastWords* present = nullptr;

// The C++ library also ends a program that has no memory for an exception.
bool is_without_memory() noexcept {
  constexpr std::size_t little = 64 * 1024;
  void* const storage = std::malloc(little);
  std::free(storage);
  return storage == nullptr;
}

[[noreturn]] void terminated() noexcept {
  try {
    if (const auto exception = std::current_exception()) std::rethrow_exception(exception);
    if (is_without_memory()) ::_exit(present->complain_of_memory());
  } catch (const std::bad_alloc&) {
    ::_exit(present->complain_of_memory());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", present->name(), error.what());
  } catch (...) {
  }
  std::abort();
}

}  // namespace

LastWords::LastWords() noexcept : before_(std::set_terminate(terminated)) {
  assert(present == nullptr);
  present = this;
  set_name(program_invocation_short_name);
}

LastWords::~LastWords() {
  std::set_terminate(before_);
  present = nullptr;
}

void LastWords::set_name(std::string_view name) noexcept {
  const std::size_t size = name.copy(name_.data(), name_.size() - 1);
  name_[size] = '\0';
}

int LastWords::complain_of_memory() const noexcept {
  std::array<char, 256> text;
  const int size =
      std::snprintf(text.data(), text.size(),
                    "%s: memory has run out: raise the limit (ulimit -v, MemoryMax= of a unit), or lower "
                    "max-buffers and max-connections\n",
                    name());
  system::write(STDERR_FILENO, text.data(), static_cast<std::size_t>(size));
  return 1;
}

}  // namespace reactord

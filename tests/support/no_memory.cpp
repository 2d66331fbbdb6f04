#include "support/no_memory.hpp"

#include <cstdlib>
#include <new>

namespace test {
namespace {

thread_local NoMemory* refusing = nullptr;

}  // namespace

NoMemory::NoMemory(std::size_t after, std::size_t times, std::size_t at_least) noexcept
    : after_(after), times_(times), at_least_(at_least) {
  refusing = this;
}

void NoMemory::end() noexcept {
  if (refusing == this) refusing = nullptr;
}

bool NoMemory::refuses(std::size_t bytes) noexcept {
  if (bytes < at_least_ || times_ == 0) return false;
  if (after_ > 0) {
    --after_;
    return false;
  }
  if (times_ != all) --times_;
  ++refused_;
  return true;
}

}  // namespace test

// Of this program, in the place of the C++ library's; its other forms all end up here.
void* operator new(std::size_t bytes) {
  if (test::refusing != nullptr && test::refusing->refuses(bytes)) throw std::bad_alloc();
  void* const storage = std::malloc(bytes == 0 ? 1 : bytes);
  if (storage == nullptr) throw std::bad_alloc();
  return storage;
}

void operator delete(void* storage) noexcept { std::free(storage); }
void operator delete(void* storage, std::size_t) noexcept { std::free(storage); }

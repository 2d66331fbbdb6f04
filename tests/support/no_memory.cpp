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

// Of this program, in the place of the C++ library's. Every form but the aligned ones: those of a sanitizer would not fit
// each other.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  if (test::refusing != nullptr && test::refusing->refuses(bytes)) return nullptr;
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new(std::size_t bytes) {
  void* const storage = ::operator new(bytes, std::nothrow);
  if (storage == nullptr) throw std::bad_alloc();
  return storage;
}
void* operator new[](std::size_t bytes) { return ::operator new(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return ::operator new(bytes, std::nothrow);
}

void operator delete(void* storage) noexcept { std::free(storage); }
void operator delete(void* storage, std::size_t) noexcept { std::free(storage); }
void operator delete(void* storage, const std::nothrow_t&) noexcept { std::free(storage); }
void operator delete[](void* storage) noexcept { std::free(storage); }
void operator delete[](void* storage, std::size_t) noexcept { std::free(storage); }
void operator delete[](void* storage, const std::nothrow_t&) noexcept { std::free(storage); }

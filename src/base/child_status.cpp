#include "base/child_status.hpp"

#include <cctype>
#include <csignal>
#include <cstring>

namespace reactord {
namespace {

// Go has the words of the C library without their capitals.
std::string signal_text(int number) {
  const char* const description = ::sigdescr_np(number);
  if (description == nullptr) return "signal " + std::to_string(number);
  std::string text = description;
  for (char& letter : text) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

}  // namespace

ChildStatus::ChildStatus(const siginfo_t& ended) noexcept : number_(ended.si_status) {
  if (ended.si_code == CLD_EXITED) kind_ = Kind::exited;
  if (ended.si_code == CLD_KILLED || ended.si_code == CLD_DUMPED) kind_ = Kind::killed;
  dumped_core_ = ended.si_code == CLD_DUMPED;
  if (kind_ == Kind::unknown) number_ = 0;
}

std::string ChildStatus::text() const {
  switch (kind_) {
    case Kind::exited:
      return "exit status " + std::to_string(number_);
    case Kind::killed:
      return "signal: " + signal_text(number_) + (dumped_core_ ? " (core dumped)" : "");
    case Kind::unknown:
      break;
  }
  return "status unknown";
}

}  // namespace reactord

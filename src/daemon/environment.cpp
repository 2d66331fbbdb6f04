#include "daemon/environment.hpp"

#include <cstdlib>

namespace reactord {

std::optional<std::string> take_variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  std::string taken = value;
  ::unsetenv(name);
  return taken;
}

}  // namespace reactord

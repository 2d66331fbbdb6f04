#include "reactord/setting.hpp"

#include <exception>
#include <new>

namespace reactord {

Parsed<DaemonSetting::PutInForce> DaemonSetting::parse(std::string_view text) const {
  Parsed<PutInForce> parsed = std::unexpected(UsageError());
  try {
    parsed = parse_(text);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {  // as std::stoi throws it
    parsed = std::unexpected(error.what());
  }
  if (parsed || parsed.error().starts_with(std::string(text) + ": ")) return parsed;
  return std::unexpected(std::string(text) + ": " + parsed.error());
}

}  // namespace reactord

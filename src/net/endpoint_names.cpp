// What an Endpoint is called: its own address, and the errors that name it.
#include <new>
#include <utility>

#include "net/endpoint.hpp"

namespace reactord {

Address Endpoint::local_address() const {
  if (rare_ && rare_->local) return *rare_->local;
  if (is_retired()) return Address();
  return rare().local.emplace(find_local_address());
}

Error Endpoint::error(const char* operation, int failure) const {
  auto error = failure > 0 ? Error::from_errno(failure, operation) : Error(static_cast<ErrorCode>(-failure));
  if (error.is_eof()) return error;
  if (network_ == Network::pipe) return std::move(error).with_operation(operation, "pipe", "", "");
  try {
    const bool known = (rare_ && rare_->local) || !is_retired();
    return std::move(error).with_operation(operation, to_string(network_),
                                           known ? local_address().text() : std::string(), remote_.text());
  } catch (const std::bad_alloc&) {  // nothing of it has moved yet
    return error;
  }
}

// Go names one address alone here. Without, where there is no memory for it.
Error Endpoint::closed_error() const noexcept {
  Error closed(ErrorCode::closed);
  try {
    return std::move(closed).with_operation("set", to_string(network_), "", local_address().text());
  } catch (const std::bad_alloc&) {
    return closed;
  }
}

}  // namespace reactord

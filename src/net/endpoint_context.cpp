// How a Context ends what is pending on an Endpoint, and refuses all that comes later.
#include <utility>

#include "net/endpoint.hpp"

namespace reactord {

void Endpoint::set_context(Context* context) {
  if (context == nullptr && !rare_) return;
  cancelled_ = ErrorCode::eof;
  rare().attachment.reset();
  if (context == nullptr || is_closed()) return;
  if (context->is_done()) return cancel(context->code());
  rare().attachment = std::make_unique<Attachment>(*this);
  rare().attachment->listen(*context);
}

void Endpoint::cancel(ErrorCode code) noexcept {
  if (is_closed()) return;  // what is left of it has limits of its own
  cancelled_ = code;
  end_pending(std::exchange(reader_, nullptr), failure_of(code));
  end_pending(std::exchange(writer_, nullptr), failure_of(code));
}

}  // namespace reactord

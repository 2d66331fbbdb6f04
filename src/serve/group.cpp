#include "reactord/group.hpp"

#include <string>

#include "serve/session.hpp"

namespace reactord {

void Membership::join(Group& group) noexcept {
  leave();
  group_ = &group;
  group.members_.push_front(*this);
  ++group.size_;
}

void Membership::leave() noexcept {
  if (group_ == nullptr) return;
  List<Membership>::remove(*this);
  --group_->size_;
  group_ = nullptr;
}

Group::~Group() {
  while (Membership* const member = members_.first()) member->leave();
}

// No code of a user runs within: a member that is ended here ends in a later turn.
std::size_t Group::broadcast_to_all(const LineConnection* except,
                                    std::initializer_list<std::string_view> parts) {
  std::string together;
  std::string_view bytes = parts.size() == 1 ? *parts.begin() : std::string_view();
  if (parts.size() > 1) {
    for (const std::string_view part : parts) together += part;
    bytes = together;
  }
  std::size_t sent = 0;
  for (Membership* member = members_.first(); member != nullptr; member = List<Membership>::next(*member)) {
    if (&member->connection() == except) continue;
    if (member->connection().push_at_once(bytes, overflow_)) ++sent;
  }
  return sent;
}

}  // namespace reactord

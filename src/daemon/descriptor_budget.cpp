#include "daemon/descriptor_budget.hpp"

namespace reactord {
namespace {

constexpr const char* how_to_raise = "raise it (ulimit -n, LimitNOFILE= of a unit)";

}  // namespace

Parsed<std::size_t> connections_that_fit(std::size_t limit, std::size_t listeners, std::size_t asked,
                                         const std::string& setting) {
  const std::size_t own = own_descriptors + listeners;
  if (limit <= own) {
    return std::unexpected("the limit is " + std::to_string(limit) + " descriptors, reactord needs " +
                           std::to_string(own) + " of its own and one for each connection: " + how_to_raise);
  }
  const std::size_t most = limit - own;
  if (asked <= most) return asked == 0 ? most : asked;
  const std::string number = std::to_string(asked);
  return std::unexpected(setting + ": needs " + number + " + " + std::to_string(own) + " of its own = " +
                         std::to_string(asked + own) + " descriptors, the limit is " + std::to_string(limit) +
                         ": at most " + std::to_string(most) + " fit; or " + how_to_raise);
}

}  // namespace reactord

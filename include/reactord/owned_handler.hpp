// OwnedHandler: a handler of any kind together with its ownership, for what outlives the function that makes it.
#pragma once

#include <cassert>
#include <concepts>
#include <memory>
#include <utility>

#include "reactord/any_handler.hpp"

namespace reactord {

class OwnedHandler {
 public:
  // `handler` must not be null.
  template <typename Kind>
  requires std::convertible_to<Kind&, AnyHandler> OwnedHandler(std::unique_ptr<Kind> handler)
      : handler_(refer_to(handler.get())), owner_(std::make_unique<Owner<Kind>>(std::move(handler))) {}

  AnyHandler get() const noexcept {
    return handler_;
  }  // valid as long as this object, or the one that it is moved to

 private:
  struct AnyOwner {
    virtual ~AnyOwner() = default;
  };
  template <typename Kind>
  struct Owner final : AnyOwner {
    explicit Owner(std::unique_ptr<Kind> owned) noexcept : handler(std::move(owned)) {}
    std::unique_ptr<Kind> handler;
  };
  template <typename Kind>
  static AnyHandler refer_to(Kind* handler) noexcept {
    assert(handler != nullptr && "a handler is made, never null");
    return *handler;
  }

  AnyHandler handler_;
  std::unique_ptr<AnyOwner> owner_;
};

}  // namespace reactord

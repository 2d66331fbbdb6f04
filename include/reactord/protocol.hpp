// Protocol: what is served under a name, as a row of a table: {"kv", "stores values under keys", store}.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "reactord/any_handler.hpp"
#include "reactord/handler.hpp"
#include "reactord/line_connection.hpp"

namespace reactord {

// A handler, or a function that gives one. The handler serves all connections, and must outlive the server. The function
// is called when its protocol is served, and must give the same handler each time.
class ProtocolHandler {
 public:
  template <typename Kind>
  requires std::constructible_from<AnyHandler, Kind&> ProtocolHandler(Kind& handler)
      : give_([any = AnyHandler(handler)] { return any; }) {}
  template <std::invocable Give>
  requires std::convertible_to<std::invoke_result_t<Give>, AnyHandler> ProtocolHandler(Give give)
      : give_(std::move(give)) {}

  AnyHandler operator()() const { return give_(); }

 private:
  std::function<AnyHandler()> give_;
};

struct Protocol {
  std::string name;     // as in --listen NAME@ADDRESS
  std::string summary;  // for --help
  ProtocolHandler handler;
};

}  // namespace reactord

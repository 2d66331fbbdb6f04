// MetricsHandler: the dialogue of HTTP on one connection (http_request.hpp, http_response.hpp), with pages from a table.
//
//     read --> parse --> page --> answer --> all of it sent --> the next turn --> read ...
//              |         its turn comes, and the interval has passed
//              refused: answer, and the end
//
// Requests that were sent at once are answered one after the other. Times of its own (metrics_limits.hpp) end a client that
// sends or reads slowly.
#pragma once

#include <span>
#include <string>

#include "daemon/http_request.hpp"
#include "daemon/http_response.hpp"
#include "daemon/metrics_pages.hpp"
#include "reactord/handler.hpp"
#include "reactord/semaphore.hpp"

namespace reactord {

class MetricsHandler final : public StreamHandler {
 public:
  // All must outlive it, and each connection that it serves.
  MetricsHandler(Reactor& reactor, ControlHost& host, std::span<const MetricsPage> pages) noexcept;

 private:
  Task<> serve(Conn& conn, Context& context) override;
  // Incomplete: the client has ended, or takes too long. `input` has what was received and not answered.
  static Task<HttpParse> read_request(Conn& conn, std::string& input);
  // True: another request may follow.
  Task<bool> answer(Conn& conn, Context& context, HttpParse parse);
  Task<HttpResponse> respond(Context& context, const HttpRequest& request);
  Task<HttpResponse> make(const MetricsPage& page, Context& context, std::string accept);

  ControlHost& host_;
  std::span<const MetricsPage> pages_;
  Semaphore turn_;                 // to make a page
  Time next_page_ = Time::past();  // when the next one may be made
};

}  // namespace reactord

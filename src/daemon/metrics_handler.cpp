#include "daemon/metrics_handler.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "daemon/metrics_limits.hpp"

namespace reactord {
namespace {

HttpResponse sentence(HttpStatus status, std::string_view text) {
  return {.status = status, .body = std::string(text) + '\n'};
}

std::string_view known_pages() noexcept { return "there is no such page: / lists all"; }

}  // namespace

MetricsHandler::MetricsHandler(Reactor& reactor, ControlHost& host,
                               std::span<const MetricsPage> pages) noexcept
    : host_(host), pages_(pages), turn_(reactor, 1) {}

Task<> MetricsHandler::serve(Conn& conn, Context& context) {
  std::string input;
  while (true) {
    Task<HttpParse> reading = read_request(conn, input);
    auto parse = co_await std::move(reading);
    if (parse.state == HttpParse::State::incomplete) co_return;
    input.erase(0, parse.length);
    Task<bool> answering = answer(conn, context, std::move(parse));
    auto goes_on = co_await std::move(answering);
    // Whatever a request costs, a connection has but so many answers a second.
    if (!goes_on) co_return;
    auto passed = co_await context.sleep(metrics_page_interval);
  }
}

Task<HttpParse> MetricsHandler::read_request(Conn& conn, std::string& input) {
  std::array<char, 2048> piece;
  bool has_begun = !input.empty();
  static_cast<void>(conn.set_read_deadline(conn.reactor().now() +
                                           (has_begun ? metrics_head_timeout : metrics_idle_timeout)));
  while (true) {
    HttpParse parse = parse_http_request(input);
    if (parse.state != HttpParse::State::incomplete) co_return parse;
    auto count = co_await conn.read(std::span(piece));
    if (!count) co_return parse;
    input.append(piece.data(), *count);
    if (!std::exchange(has_begun, true))
      static_cast<void>(conn.set_read_deadline(conn.reactor().now() + metrics_head_timeout));
  }
}

Task<bool> MetricsHandler::answer(Conn& conn, Context& context, HttpParse parse) {
  HttpResponse response = sentence(parse.status, parse.why);
  if (parse.state == HttpParse::State::complete) {
    Task<HttpResponse> responding = respond(context, parse.request);
    response = co_await std::move(responding);
  }
  response.keeps_open =
      parse.state == HttpParse::State::complete && parse.request.keeps_open && !context.is_done();
  const std::string text = response.text(parse.request, std::chrono::system_clock::now());
  static_cast<void>(conn.set_write_deadline(conn.reactor().now() + metrics_answer_timeout));
  auto taken = co_await conn.write(text);
  if (!taken) co_return false;
  auto sent = co_await conn.flush();
  // The close would wait for a client that takes a byte now and then.
  if (!sent) conn.abort();
  co_return sent.has_value() && response.keeps_open;
}

Task<HttpResponse> MetricsHandler::respond(Context& context, const HttpRequest& request) {
  const auto page = std::ranges::find(pages_, std::string_view(request.path), &MetricsPage::path);
  if (page == pages_.end()) co_return sentence(HttpStatus::not_found, known_pages());
  if (request.method == HttpRequest::Method::other)
    co_return sentence(HttpStatus::method_not_allowed, "a page is read with GET or HEAD");
  Task<HttpResponse> making = make(*page, context, request.accept);
  auto response = co_await std::move(making);
  co_return response;
}

Task<HttpResponse> MetricsHandler::make(const MetricsPage& page, Context& context, std::string accept) {
  auto turn = co_await turn_.acquire(1, context);
  if (!turn) co_return sentence(HttpStatus::unavailable, "the daemon ends");
  auto passed = co_await context.sleep_until(next_page_);
  if (!passed) co_return sentence(HttpStatus::unavailable, "the daemon ends");
  next_page_ = context.reactor().now() + metrics_page_interval;
  try {
    Task<Result<MetricsPage::Content>> making = page.make(host_, context, std::move(accept));
    auto content = co_await std::move(making);
    next_page_ = context.reactor().now() + metrics_page_interval;  // also behind one that took longer
    if (!content) co_return sentence(HttpStatus::unavailable, "the daemon ends");
    co_return HttpResponse{.type = std::move(content->type), .body = std::move(content->text)};
  } catch (const std::bad_alloc&) {
    co_return sentence(HttpStatus::unavailable, "out of memory: try again");
  }
}

}  // namespace reactord

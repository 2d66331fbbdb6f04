// [46] and [55]: one write of more than four gibibytes, which no count on its way may wrap.
#include <doctest/doctest.h>
#include <sys/mman.h>

#include <span>
#include <string>
#include <string_view>

#include "conformance/socket_kinds.hpp"
#include "reactord/conn.hpp"
#include "reactord/reactor.hpp"
#include "support/loopback.hpp"
#include "support/skip.hpp"

namespace {

using reactord::Conn;
using reactord::Task;

constexpr std::size_t big = (std::size_t{1} << 32) + 12'345;

Task<> write_big(Conn& conn, std::string_view bytes, bool& ended) {
  auto written = co_await conn.write(bytes);
  REQUIRE(written.has_value());
  CHECK(*written == bytes.size());
  CHECK(conn.close_write().has_value());
  ended = true;
}

Task<> read_big(Conn& conn, std::size_t& total) {
  std::string room(1024 * 1024, '\0');
  while (true) {
    auto more = co_await conn.read(std::span(room));
    if (!more) {
      CHECK(more.error().is_eof());
      break;
    }
    total += *more;
  }
}

}  // namespace

TEST_CASE("[46] [55] a write of more than four gibibytes arrives whole, and every count is right") {
  if (test::is_sanitized()) return test::skip("a sanitizer looks at each of the four gibibytes");
  // Zeros that take no memory: nobody writes to them.
  void* const zeros = ::mmap(nullptr, big, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(zeros != MAP_FAILED);
  {
    test::DescriptorCheck descriptors;
    reactord::VirtualClock clock;
    reactord::Reactor reactor(clock);
    std::size_t total = 0;
    bool ended = false;
    auto pair = test::conformance::Tcp4::make(reactor);
    reactor.spawn(read_big(pair.second, total));
    test::run(reactor, write_big(pair.first, std::string_view(static_cast<const char*>(zeros), big), ended));
    CHECK(ended);
    CHECK(total == big);
    CHECK(pair.first.bytes_written() == big);
    CHECK(pair.second.bytes_read() == big);
    pair.first.abort();
    pair.second.abort();
  }
  CHECK(::munmap(zeros, big) == 0);
}

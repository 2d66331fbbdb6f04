// ConnectionFilter and PeerPattern: which connections the words of an operator select.
#include "daemon/connection_filter.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include "daemon/connection_query.hpp"

using namespace reactord;

namespace {

const Address ip4 = *Address::parse("192.0.2.1:51234");

OpenConnection some(const Address& remote = ip4) {
  return {.number = 7,
          .protocol = "line",
          .remote = remote,
          .state = ConnectionState::in_line,
          .age = 90s,
          .silent = 1500ms,
          .lines = 20'000,
          .bytes_read = 65'536,
          .bytes_written = 10,
          .buffered = 4096,
          .unsent = 0};
}

ConnectionFilter filter_of(const std::string& words) {
  ConnectionFilter filter;
  std::istringstream stream(words);
  for (std::string word; stream >> word;) {
    const auto added = filter.add(word);
    REQUIRE_MESSAGE(added.has_value(), added.error());
  }
  return filter;
}

std::string refusal(std::string_view word) {
  ConnectionFilter filter;
  const auto added = filter.add(word);
  CHECK((added.has_value() || filter.is_empty()));
  return added ? "was accepted" : added.error();
}

bool selects_peer(const std::string& pattern, const char* peer) {
  const auto address = Address::parse(peer);
  REQUIRE(address.has_value());
  const bool with_name = filter_of("peer=" + pattern).matches(some(*address));
  CHECK(filter_of(pattern).matches(some(*address)) == with_name);
  return with_name;
}

std::string wrong_query(const char* word) {
  const std::string words[] = {word};
  const auto query = ConnectionQuery::parse(words);
  return query ? "was accepted" : query.error();
}

}  // namespace

TEST_CASE("a connection is selected when each word holds") {
  struct Row {
    const char* words;
    bool selected;
  };
  constexpr Row table[] = {
      {"", true},
      {"7", true},
      {"07", true},
      {"8", false},
      {"protocol=line", true},
      {"protocol=lin", false},
      {"protocol=", false},
      {"state=in-line", true},
      {"state=idle", false},
      {"age>1m", true},
      {"age>90s", false},
      {"age<90s", false},
      {"age=90s", true},
      {"age<1.5h", true},
      {"silent=1.5s", true},
      {"silent>2s", false},
      {"lines=20k", true},
      {"lines>20k", false},
      {"id<8", true},
      {"in=64KiB", true},
      {"in>65535", true},
      {"out<11", true},
      {"buffered>4KiB", false},
      {"unsent>0", false},
      {"unsent=0", true},
      {"protocol=line age>1m age<2m 192.0.2.1", true},
      {"protocol=line age>1m age<2m 192.0.2.2", false},
      {"7 8", false},
  };
  for (const Row& row : table) {
    CAPTURE(row.words);
    CHECK(filter_of(row.words).matches(some()) == row.selected);
  }
}

TEST_CASE("an address selects its ports, a network its addresses, a port itself") {
  struct Row {
    const char *pattern, *peer;
    bool selected;
  };
  constexpr Row table[] = {
      {"192.0.2.1", "192.0.2.1:1", true},
      {"192.0.2.1", "192.0.2.10:1", false},
      {"192.0.2.1:51234", "192.0.2.1:51234", true},
      {"192.0.2.1:51234", "192.0.2.1:51235", false},
      {"192.0.2.0/24", "192.0.2.255:9", true},
      {"192.0.2.77/24", "192.0.2.255:9", true},
      {"192.0.2.0/24", "192.0.3.0:9", false},
      {"192.0.2.128/25", "192.0.2.129:9", true},
      {"192.0.2.128/25", "192.0.2.127:9", false},
      {"0.0.0.0/0", "203.0.113.9:9", true},
      {"0.0.0.0/0", "[2001:db8::1]:9", false},
      {"192.0.2.1/32", "192.0.2.1:9", true},
      {"::/0", "192.0.2.1:9", false},
      {"2001:db8::1", "[2001:db8::1]:9", true},
      {"[2001:db8::1]", "[2001:db8::1]:9", true},
      {"2001:db8::1", "[2001:db8::2]:9", false},
      {"[2001:db8::1]:80", "[2001:db8::1]:80", true},
      {"[2001:db8::1]:80", "[2001:db8::1]:81", false},
      {"2001:db8::/32", "[2001:db8:ffff::1]:9", true},
      {"2001:db8::/33", "[2001:db8:8000::1]:9", false},
      {"2001:db8::1/128", "[2001:db8::1]:9", true},
      {"::ffff:192.0.2.1", "192.0.2.1:9", true},
      {"fe80::1", "[fe80::1%lo]:9", true},
      {"fe80::1%lo", "[fe80::1%lo]:9", true},
      {"fe80::1%lo", "[fe80::1]:9", false},
      {"unix:/run/a.sock", "unix:/run/a.sock", true},
      {"unix:/run/a=b<c", "unix:/run/a=b<c", true},
      {"unix:/run/a.sock", "unix:/run/b.sock", false},
      {"unix:@name", "unix:@name", true},
      {"unix:@name", "192.0.2.1:9", false},
      {"192.0.2.1", "unix:@name", false},
  };
  for (const Row& row : table) {
    CAPTURE(row.pattern);
    CAPTURE(row.peer);
    CHECK(selects_peer(row.pattern, row.peer) == row.selected);
  }
}

TEST_CASE("unix:@ selects the unix clients that have no name") {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  const Address nameless = Address::from_socket_address(storage, sizeof storage.ss_family);
  CHECK(filter_of("unix:@").matches(some(nameless)));
  CHECK_FALSE(filter_of("unix:@name").matches(some(nameless)));
  CHECK_FALSE(filter_of("unix:@").matches(some(*Address::parse("unix:@name"))));
  CHECK_FALSE(filter_of("unix:@").matches(some()));
}

TEST_CASE("a filter has so many words and no more") {
  ConnectionFilter filter;
  for (std::size_t words = 0; words < ConnectionFilter::most_words; ++words)
    CHECK(filter.add("age>1s").has_value());
  const auto added = filter.add("age>1s");
  REQUIRE_FALSE(added.has_value());
  CHECK(added.error() == "more than 32 filters: write fewer");
  CHECK(filter.matches(some()));
}

TEST_CASE("a wrong word is told with what would be right") {
  struct Row {
    const char *word, *error;
  };
  constexpr Row table[] = {
      {"sate=idle", "unknown filter \"sate\": did you mean state?"},
      {"sate", "unknown filter \"sate\": did you mean state?"},
      {"", "unknown filter \"\": known: protocol peer state age silent lines in out buffered unsent"},
      {"--jsn",
       "unknown filter \"--jsn\": known: protocol peer state age silent lines in out buffered unsent"},
      {"=1", "unknown filter \"\": known: protocol peer state age silent lines in out buffered unsent"},
      {"state=sendin", "state=sendin: unknown state, did you mean sending?"},
      {"state>idle", "state>idle: write state=idle, it is no number"},
      {"peer<192.0.2.1", "peer<192.0.2.1: write peer=192.0.2.1, it is no number"},
      {"age>1", "age>1: write a number and a unit, as in 500ms, 30s, 2m, 1h"},
      {"age>", "age>: write a number and a unit, as in 500ms, 30s, 2m, 1h"},
      {"age>-1s", "age>-1s: must not be negative"},
      {"silent>=1s", "silent>=1s: write a number and a unit, as in 500ms, 30s, 2m, 1h"},
      {"in>64k", "in>64k: write 64KiB (1KiB is 1024 bytes), or the number of bytes"},
      {"lines>many", "lines>many: write a number, as in 1000 or 20k"},
      {"18446744073709551616", "18446744073709551616: write a number, as in 1000 or 20k"},
      {"peer=192.0.2.0/33", "peer=192.0.2.0/33: behind the slash write a number from 0 to 32"},
      {"2001:db8::/129", "2001:db8::/129: behind the slash write a number from 0 to 128"},
      {"192.0.2.0/", "192.0.2.0/: behind the slash write a number from 0 to 32"},
      {"peer=host/24",
       "peer=host/24: no network: write an address and the length of its prefix, as in 192.0.2.0/24"},
      {"peer=:80",
       "peer=:80: no address: write 192.0.2.1, 192.0.2.0/24, 192.0.2.1:51234, [2001:db8::1]:51234 or "
       "unix:/PATH"},
      {"192.0.2",
       "192.0.2: no address: write 192.0.2.1, 192.0.2.0/24, 192.0.2.1:51234, [2001:db8::1]:51234 or "
       "unix:/PATH"},
      {"unix:", "unix:: write unix:/PATH, unix:@NAME, or unix:@ for clients without a name"},
  };
  for (const Row& row : table) CHECK(refusal(row.word) == row.error);
}

TEST_CASE("a query has an order and a limit") {
  const std::string words[] = {"state=in-line", "sort=unsent", "limit=20k"};
  const auto query = ConnectionQuery::parse(words);
  REQUIRE(query.has_value());
  CHECK(query->sort == connection_measure("unsent"));
  CHECK(query->limit == 20'000);
  CHECK(query->filter.matches(some()));
  CHECK_FALSE(query->is_least_first);
  CHECK(wrong_query("sort=age") == "was accepted");
  CHECK(wrong_query("sort=-aeg") == "sort=aeg: no column of numbers, did you mean age?");
  CHECK(wrong_query("sort=aeg") == "sort=aeg: no column of numbers, did you mean age?");
  CHECK(wrong_query("sort=peer") ==
        "sort=peer: no column of numbers, known: id age silent lines in out buffered unsent");
  CHECK(wrong_query("limit=0") == "limit=0: write a number from 1 to 1000000000");
  CHECK(wrong_query("limit=") == "limit=: write a number from 1 to 1000000000");
  CHECK(wrong_query("srot=age") == "unknown word \"srot\": did you mean sort?");
  CHECK(wrong_query("limits=3") == "unknown word \"limits\": did you mean limit?");
}

TEST_CASE("a minus before the column turns the order round, up to the greatest numbers") {
  reactord::OpenConnection least = some(), greatest = some();
  least.unsent = 0;
  greatest.unsent = std::numeric_limits<std::size_t>::max();
  for (const std::string word : {"sort=unsent", "sort=-unsent"}) {
    const auto query = ConnectionQuery::parse(std::span(&word, 1));
    REQUIRE(query.has_value());
    CHECK((query->rank_of(greatest) > query->rank_of(least)) == (word == "sort=unsent"));
  }
}

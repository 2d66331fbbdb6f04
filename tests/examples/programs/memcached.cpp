// memcached ADDRESS: the text protocol of memcached, in memory that is bounded (protocol.txt of https://memcached.org).
//
//     StreamHandler -- read_line() --> a command (Words), answered at once      (Commands) --> Cache
//                                  \-> set, add, ...: read_exactly(bytes + 2)   (Store)    --> Cache
//
// One coroutine serves each connection, and all of them share one Cache without a lock: nothing changes it between two awaits.
// An answer is put together in memory of the connection's own, because an item may change, or go, while a write waits for
// its peer.
#include "memcached/cache.hpp"
#include "memcached/commands.hpp"
#include "memcached/protocol.hpp"
#include "memcached/store.hpp"
#include "program.hpp"
#include "reactord/buffered_reader.hpp"

using namespace reactord;
using namespace memcached;

namespace {

constexpr std::size_t longest_command = 64 * 1024;  // a get of many keys is long

class Memcached final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    BufferedReader reader(conn, longest_command, largest_item + 2);
    std::string answer;
    Store store;
    while (true) {
      auto line = co_await reader.read_line();
      if (!line) {
        if (line.error() == ErrorCode::line_too_long) co_await conn.write("CLIENT_ERROR line too long\r\n");
        co_return;
      }
      std::string_view rest = *line;
      const std::string_view command = next_word(rest);
      if (command == "quit") co_return;
      const Time now = conn.reactor().now();
      std::string_view said;
      bool is_silent = false;
      if ((command == "get" || command == "gets") && has_word(rest)) {
        while (commands_.get(rest, command == "gets", now, answer)) {
          auto sent = co_await conn.write(answer);
          if (!sent) co_return;
          answer.clear();
        }
        said = answer;
      } else if (const auto verb = Store::verb_of(command)) {
        const Words words(*line);
        is_silent = words.wants_no_reply();
        said = store.parse(*verb, words);
        // The line is gone once something else is read. A value that cannot be stored must not leave its old one behind.
        if (said == too_large && *verb == Store::Verb::set) cache_.drop(store.key, now);
        for (std::size_t left = said == too_large ? store.bytes + 2 : 0; left > 0;) {
          auto some = co_await reader.read_some(left);
          if (!some) co_return;
          left -= some->size();
        }
        if (said.empty()) {
          auto data = co_await reader.read_exactly(store.bytes + 2);
          if (!data) co_return;
          said = store.apply(cache_, *data, conn.reactor().now());
        }
      } else {
        const Words words(*line);
        is_silent = words.wants_no_reply() && command != "version" && command != "stats";
        said = commands_.obey(words, now, answer);
      }
      if (!is_silent || said == unknown) {
        auto sent = co_await conn.write(said);
        if (!sent) co_return;
      }
      if (answer.capacity() > 2 * answer_part) std::string().swap(answer);
      answer.clear();
    }
  }

  Cache cache_;
  Commands commands_{cache_};
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return program::complain("usage: memcached ADDRESS, as in memcached 127.0.0.1:11211");
  Memcached handler;
  Limits limits;
  limits.idle_timeout = limits.line_timeout = std::chrono::seconds(0);
  return program::serve(arguments[1], handler, limits);
}

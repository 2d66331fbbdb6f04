// kvd: a daemon that stores values under keys: "set KEY VALUE", "get KEY", "delete KEY".
#include <map>
#include <string>

#include "reactord/daemon.hpp"

namespace {

struct Store final : reactord::LineHandler {
  void on_line(std::string_view line, reactord::Reply& reply) override {
    const std::string_view verb = next_word(line), key = next_word(line);
    if (verb == "set" && !key.empty() && line.size() <= longest_value) {
      values[std::string(key)] = line;
      reply.write("OK\n");
    } else if (const auto found = values.find(key); verb == "get" && found != values.end()) {
      reply.write(found->second, "\n");
    } else if (verb == "delete" && found != values.end()) {
      values.erase(found);
      reply.write("OK\n");
    } else {
      reply.write(verb == "get" || verb == "delete" ? "ERR no such key\n"
                                                    : "ERR set KEY VALUE, get KEY, delete KEY\n");
    }
  }

  // Cuts the first word off `line`.
  static std::string_view next_word(std::string_view& line) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    return word;
  }

  std::map<std::string, std::string, std::less<>> values;
  std::size_t longest_value = 0;  // in bytes; the setting sets it
};

}  // namespace

int main(int argc, char** argv) {
  Store store;
  return reactord::run_daemon(argc, argv,
                              {.name = "kvd",
                               .version = "1.0",
                               .protocols = {{"kv", "stores values under keys", store}},
                               .listen = "kv@:7000",
                               .settings = {{"longest-value", "SIZE", "1KiB", "store values of up to SIZE",
                                             reactord::parse_size, store.longest_value}}});
}

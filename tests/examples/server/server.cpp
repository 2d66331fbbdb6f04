#include <cstdio>

#include "reactord/run_until_signal.hpp"

struct Greeter final : reactord::LineHandler {
  void on_line(std::string_view name, reactord::Reply& reply) override { reply.write("Hello, ", name, "\n"); }
};

int main(int count, char** arguments) {
  Greeter greeter;
  reactord::Reactor reactor;
  reactord::Server server(reactor);
  auto address = server.listen(count > 1 ? arguments[1] : ":9090", greeter);
  if (address) std::printf("listening on %s\n", address->text().c_str());
  if (!address) std::printf("%s\n", address.error().text().c_str());
  std::fflush(stdout);
  return address && reactord::run_until_signal(server) ? 0 : 1;
}

// A server on as many threads as there are processors.
#include <memory>
#include <vector>

#include "reactord/workers.hpp"

namespace reactord {
namespace {

class Greeter final : public LineHandler {
 public:
  std::uint64_t greeted = 0;  // one thread's own: no lock

 private:
  void on_line(std::string_view name, Reply& reply) override {
    ++greeted;
    reply.write("Hello, ", name, "\n");
  }
};

}  // namespace

// Until SIGINT, SIGTERM or workers.stop(). Result: the number of lines, of all threads.
Result<std::uint64_t> greet_on_threads(Workers& workers, std::string_view address) {
  std::vector<Greeter*> greeters;
  auto listening = workers.listen(address, [&greeters](std::size_t, Server&) {
    auto greeter = std::make_unique<Greeter>();
    greeters.push_back(greeter.get());
    return greeter;
  });
  if (!listening) return std::unexpected(listening.error());
  auto ran = workers.run();
  if (!ran) return std::unexpected(ran.error());
  std::uint64_t greeted = 0;
  for (const Greeter* greeter : greeters) greeted += greeter->greeted;  // their threads have ended
  return greeted;
}

}  // namespace reactord

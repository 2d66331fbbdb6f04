// AsyncLineHandler: lines whose tasks end at once, beside others that go on.
#include <stdexcept>
#include <string>

#include "reactord/async_line_handler.hpp"
#include "support/server_stage.hpp"
#include "unwatched_server.hpp"

using reactord::Answer;
using reactord::AsyncLineHandler;
using reactord::Conn;
using reactord::Context;
using reactord::Task;
using test::Peer;
using test::ServerStage;
using test::Unwatched;
using namespace std::chrono_literals;

namespace {

// Each line but "slow" is answered at once. "last" ends the connection, "throw" throws in its task, "refuse" before there is one.
class Prompt final : public AsyncLineHandler {
 public:
  using AsyncLineHandler::AsyncLineHandler;
  int begun = 0;

  static constexpr std::size_t much = 3'000'000;

 private:
  Task<> on_line(std::string_view line, Answer& answer, Context& context) override {
    ++begun;
    if (line == "refuse") throw std::runtime_error("no");
    return serve_line(line, answer, context);
  }
  static Task<> serve_line(std::string_view line, Answer& answer, Context& context) {
    answer.write("got ", line, "\n");
    if (line == "much") answer.write(std::string(much, 'm'));
    if (line == "throw") throw std::runtime_error("no");
    if (line == "last") answer.close();
    if (line == "slow") auto slept = co_await context.sleep(1s);
  }
};

struct Row {
  const char* says;
  const char* hears;
  const char* cause;
  int begun;
};

Task<> converse(ServerStage& on, Conn client, std::string says, std::string hears) {
  co_await test::say(client, says);
  if (says.ends_with(".\n")) CHECK(client.close_write().has_value());
  const std::string heard = co_await test::hear_to_end(client);
  CHECK(heard == hears);
  CHECK(on.elapsed() == (says.find("slow") == std::string::npos ? 0s : 1s));
}

}  // namespace

TEST_CASE("lines that are answered at once: their order, a last one, and exceptions") {
  for (const std::size_t in_flight : {1u, 2u, 64u}) {
    for (const Row& row : {
             Row{"a\nb\n.\n", "got a\ngot b\ngot .\n", "eof", 3},
             Row{"a\nslow\nb\n.\n", "got a\ngot slow\ngot b\ngot .\n", "eof", 4},
             Row{"a\nlast\nb\n", "got a\ngot last\n", "finished", 2},
             Row{"a\nthrow\nb\n", "got a\n", "error", 2},
             Row{"a\nrefuse\nb\n", "got a\n", "error", 2},
         }) {
      CAPTURE(in_flight);
      CAPTURE(row.says);
      ServerStage on;
      Prompt prompt(in_flight);
      on.run(converse(on, on.serve(prompt), row.says, row.hears));
      CHECK(on.observer.causes() == std::vector<std::string>{row.cause});
      CHECK(prompt.begun == row.begun);
    }
  }
}

TEST_CASE("an answer at once behind one that is due ends the connection in its turn") {
  for (const char* const last : {"last", "throw", "refuse"}) {
    CAPTURE(last);
    ServerStage on;
    Prompt prompt;
    const std::string hears = std::string(last) == "last" ? "got slow\ngot last\n" : "got slow\n";
    on.run(converse(on, on.serve(prompt), "slow\n" + std::string(last) + "\n", hears));
    CHECK(prompt.begun == 2);
  }
}

TEST_CASE("a connection that takes nothing over at once is written to all the same") {
  ServerStage on;
  Prompt prompt;
  auto ends = reactord::pipe(on.reactor);  // a write waits for its read
  on.server.serve(std::move(ends.first), prompt);
  on.run(converse(on, std::move(ends.second), "a\nb\n.\n", "got a\ngot b\ngot .\n"));
}

TEST_CASE("over a socket an answer is sent at once, and the rest of a long one as the peer takes it") {
  Unwatched on({});
  Prompt prompt;
  on.run(
      [](Unwatched& stage, Prompt& handler) -> Task<> {
        auto at = stage.server.listen("127.0.0.1:0", handler);
        Peer peer = Peer::connect(*at);
        for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
        const std::string_view wanted[] = {"got a\n", "got much\n", "got b\n"};
        std::string heard;
        peer.send("a\n");
        for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
        heard = peer.receive();
        CHECK(heard == wanted[0]);
        peer.send("much\nb\n");
        const std::size_t size = wanted[1].size() + Prompt::much + wanted[2].size();
        heard.clear();
        for (int i = 0; i < 10'000 && heard.size() < size; ++i) {
          co_await stage.reactor.next_turn();
          heard += peer.receive();
        }
        CHECK(heard.size() == size);
        CHECK(heard.starts_with(wanted[1]));
        CHECK(heard.ends_with(wanted[2]));
        stage.server.kill();
      },
      prompt);
}

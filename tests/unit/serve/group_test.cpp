// Group: what is said to many connections at once.
#include "reactord/group.hpp"

#include <algorithm>

#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::EndCause;
using reactord::Group;
using reactord::Limits;
using reactord::LineConnection;
using reactord::LineConnectionFactory;
using reactord::Membership;
using reactord::Overflow;
using reactord::Reply;
using reactord::Task;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

// Says to the room what it hears. "leave" and "rejoin" do so; "mute" is a broadcast to all others.
class Guest final : public LineConnection {
 public:
  explicit Guest(Group& room) : room_(room) {}

 private:
  void on_open(Reply&) override { here_.join(room_); }
  void on_line(std::string_view line, Reply& reply) override {
    if (line == "leave") return here_.leave();
    if (line == "rejoin") return here_.join(room_);
    if (line == "quit") return reply.close();
    if (line.starts_with("!")) {
      room_.broadcast_except(*this, line, "\n");
    } else {
      room_.broadcast(line, "\n");
    }
    reply.write("said\n");
  }
  Group& room_;
  Membership here_{*this};
};

struct Room : ServerStage {
  explicit Room(Limits within = {}) : ServerStage(within) {}
  Group group;
  LineConnectionFactory factory{[this] { return std::make_unique<Guest>(group); }};
  Conn enter() { return serve(factory); }
};

}  // namespace

TEST_CASE("a broadcast reaches every member, in order with what it is told otherwise") {
  Room room;
  room.run([](Room& on) -> Task<> {
    Conn first = on.enter(), second = on.enter();
    co_await test::pass(on.reactor, 1ms);
    CHECK(on.group.size() == 2);
    co_await test::say(first, "a\nb\n!c\n");
    const std::string to_first = co_await test::hear(first, 19), to_second = co_await test::hear(second, 7);
    CHECK(to_first == "a\nsaid\nb\nsaid\nsaid\n");
    CHECK(to_second == "a\nb\n!c\n");
  });
  CHECK(room.group.size() == 0);
}

TEST_CASE("a member that leaves, or whose connection ends, hears no more") {
  Room room;
  room.run([](Room& on) -> Task<> {
    Conn first = on.enter(), second = on.enter(), third = on.enter();
    co_await test::say(second, "leave\n");
    co_await test::say(third, "quit\n");
    const std::string to_third = co_await test::hear_to_end(third);
    CHECK(to_third.empty());
    CHECK(on.group.size() == 1);
    CHECK(on.group.broadcast("x\n") == 1);
    const std::string to_first = co_await test::hear(first, 2);
    CHECK(to_first == "x\n");
    co_await test::say(second, "rejoin\n");
    co_await test::pass(on.reactor, 1ms);
    CHECK(on.group.broadcast("y", "\n") == 2);
    const std::string to_second = co_await test::hear(second, 2);
    CHECK(to_second == "y\n");
  });
}

TEST_CASE("a broadcast ends the member that does not read, and no other") {
  Room room({.output = {.high = 100, .low = 10, .hard = 1000}});
  room.run([](Room& on) -> Task<> {
    Conn stuck = on.enter(), reads = on.enter();
    co_await test::pass(on.reactor, 1ms);
    for (int i = 0; i < 10; ++i) {
      CHECK(on.group.broadcast(std::string(100, 'x')) == 2);
      const std::string heard = co_await test::hear(reads, 100);
      CHECK(heard.size() == 100);
    }
    CHECK(on.group.broadcast("y") == 1);
    co_await test::pass(on.reactor, 1ms);
    CHECK(on.group.size() == 1);
    CHECK(on.observer.causes() == std::vector<std::string>{"slow-reader output-hard"});
  });
}

TEST_CASE("with refuse and drop_oldest a member that does not read stays") {
  for (const Overflow overflow : {Overflow::refuse, Overflow::drop_oldest}) {
    CAPTURE(static_cast<int>(overflow));
    Room room({.output = {.high = 100, .low = 10, .hard = 1000}});
    room.group.set_overflow(overflow);
    room.run(
        [](Room& on, Overflow then) -> Task<> {
          Conn stuck = on.enter();
          co_await test::pass(on.reactor, 1ms);
          std::string kept;
          for (char name = 'a'; name <= 'z'; ++name) {
            if (on.group.broadcast(std::string(50, name)) == 1 && then == Overflow::refuse)
              kept += std::string(50, name);
          }
          if (then == Overflow::drop_oldest)
            kept = std::string(50, 'a') + std::string(50, 'b') + std::string(50, 'y') + std::string(50, 'z');
          const std::string heard = co_await test::hear(stuck, kept.size());
          CHECK(heard == kept);
        },
        overflow);
    CHECK(room.observer.causes() == std::vector<std::string>{"eof"});
  }
}

TEST_CASE("a group may end before its members, and a membership moves from group to group") {
  Room room;
  room.run([](Room& on) -> Task<> {
    Conn client = on.enter();
    co_await test::pass(on.reactor, 1ms);
    LineConnection* guest = nullptr;
    on.group.for_each([&](LineConnection& member) { guest = &member; });
    REQUIRE(guest != nullptr);
    auto other = std::make_unique<Group>();
    Membership second(*guest);
    second.join(*other);
    CHECK(other->size() == 1);
    CHECK(second.group() == other.get());
    other.reset();
    CHECK(second.group() == nullptr);
    second.join(on.group);
    CHECK(on.group.broadcast("x") == 2);
    second.leave();
    second.leave();
    CHECK(on.group.size() == 1);
    const std::string heard = co_await test::hear(client, 2);
    CHECK(heard == "xx");
  });
}

TEST_CASE("over a socket a broadcast is sent without waiting for the end of the turn, and in order") {
  ServerStage on;
  Group group;
  LineConnectionFactory factory([&group] { return std::make_unique<Guest>(group); });
  auto address = on.server.listen("127.0.0.1:0", factory);
  REQUIRE(address.has_value());
  on.run(
      [](ServerStage& stage, Group& room, reactord::Address to) -> Task<> {
        test::Peer peer = test::Peer::connect(to);
        while (room.size() == 0) co_await stage.reactor.next_turn();
        CHECK(room.broadcast("at once\n") == 1);
        CHECK(peer.receive() == "at once\n");
        room.for_each([](LineConnection& member) { CHECK(member.push("pushed\n")); });
        CHECK(room.broadcast("behind it\n") == 1);
        CHECK(peer.receive().empty());
        std::string heard;
        while (heard.size() < 17) {
          co_await stage.reactor.next_turn();
          heard += peer.receive();
        }
        CHECK(heard == "pushed\nbehind it\n");
        peer.close();
        stage.server.drain(1s);
      },
      group, *address);
}

TEST_CASE("a chat of 1,000 members: each line to everybody in order, and one that is stuck is ended alone") {
  static constexpr std::size_t members = 1000;
  static constexpr int lines = 300;
  Room room({.idle_timeout = 0s, .output = {.high = 500, .low = 100, .hard = 1000}});
  room.run([](Room& on) -> Task<> {
    std::string all;
    for (int line = 0; line < lines; ++line) all += std::to_string(line) + "\n";
    std::vector<Conn> clients;
    for (std::size_t member = 0; member < members; ++member) clients.push_back(on.enter());
    Conn stuck = on.enter();
    co_await test::pass(on.reactor, 1ms);
    std::vector<std::string> heard(members);
    for (int line = 0; line < lines; ++line) {
      co_await test::say(clients[0], std::to_string(line) + "\n");
      const std::size_t size = std::to_string(line).size() + 1;
      for (std::size_t member = 0; member < members; ++member) {
        const std::string piece = co_await test::hear(clients[member], member == 0 ? size + 5 : size);
        heard[member] += piece.substr(0, size);
      }
    }
    CHECK(std::ranges::count(heard, all) == members);
    CHECK(on.group.size() == members);
    CHECK(on.observer.causes() == std::vector<std::string>{"slow-reader output-hard"});
  });
}

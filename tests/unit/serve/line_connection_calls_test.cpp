// Calls that a LineConnection and its factory make back into the server.
#include <sys/socket.h>

#include <memory>
#include <string>

#include "reactord/group.hpp"
#include "scripted_connection.hpp"

using reactord::Conn;
using reactord::ConnectionHandle;
using reactord::EndCause;
using reactord::LineConnection;
using reactord::LineConnectionFactory;
using reactord::Reply;
using reactord::Server;
using reactord::ServerOptions;
using reactord::Task;
using test::Peer;
using test::Scripted;
using test::ScriptedServer;
using test::ServerStage;
using namespace std::chrono_literals;

TEST_CASE("a handle that on_end() asks for is the one of before, and leads nowhere afterwards") {
  ScriptedServer on;
  ConnectionHandle kept, early;
  bool same = false;
  on.script.open = [&](Scripted& self, Reply&) { early = self.handle(); };
  on.script.end = [&](Scripted& self, EndCause) {
    kept = self.handle();
    same = kept == early;
  };
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::say(client, "a\n");
  });
  CHECK(kept.get() == nullptr);
  CHECK(early.get() == nullptr);
  CHECK(same);
}

TEST_CASE("a connection whose factory has killed the server is not opened") {
  ServerStage on;
  Scripted::Script script;
  int opened = 0;
  script.open = [&](Scripted&, Reply& reply) {
    ++opened;
    reply.write("hello");
  };
  LineConnectionFactory factory([&] {
    on.server.kill();
    return std::make_unique<Scripted>(script);
  });
  on.run(
      [](ServerStage& stage, LineConnectionFactory& f) -> Task<> {
        Conn client = stage.serve(f);
        const std::string heard = co_await test::hear_to_end(client);
        CHECK(heard.empty());
      },
      factory);
  CHECK(opened == 0);
}

TEST_CASE("a server may be destroyed from each call of a connection and its factory") {
  for (const char* where : {"make", "open", "line", "end", "destroy"}) {
    for (const bool listens : {false, true}) {
      CAPTURE(where);
      CAPTURE(listens);
      test::Stage stage;
      std::unique_ptr<Server> server = std::make_unique<Server>(stage.reactor, ServerOptions{});
      struct Calls final : LineConnection {
        std::unique_ptr<Server>* server;
        std::string at;
        void maybe(const char* here) {
          if (at == here) server->reset();
        }
        void on_open(Reply& reply) override {
          maybe("open");
          reply.write("hi\n");
        }
        void on_line(std::string_view, Reply& reply) override {
          maybe("line");
          reply.write("hi\n");
        }
        void on_end(EndCause) noexcept override { maybe("end"); }
        ~Calls() override { maybe("destroy"); }
      };
      LineConnectionFactory factory([&] {
        auto made = std::make_unique<Calls>();
        made->server = &server;
        made->at = where;
        made->maybe("make");
        return made;
      });
      stage.run(
          [](test::Stage& on, std::unique_ptr<Server>& served, LineConnectionFactory& by,
             bool tcp) -> Task<> {
            if (tcp) {
              auto at = served->listen("127.0.0.1:0", by);
              Peer first = Peer::connect(*at), second = Peer::connect(*at);
              first.send("x\ny\n");
              second.send("x\ny\n");
              ::shutdown(first.fd(), SHUT_WR);
              for (int i = 0; i < 20; ++i) co_await on.reactor.next_turn();
              co_await test::pass(on.reactor, 1ms);
            } else {
              auto pair = buffered_pipe(on.reactor);
              served->serve(std::move(pair.first), by);
              auto sent = co_await pair.second.write("x\ny\n");
              auto closed = pair.second.close_write();
              for (int i = 0; i < 20; ++i) co_await on.reactor.next_turn();
            }
            served.reset();
          },
          server, factory, listens);
      CHECK(stage.reactor.live_tasks() == 0);
    }
  }
}

TEST_CASE("members that leave, end and kill within calls of their group") {
  struct Member final : LineConnection {
    explicit Member(std::unique_ptr<reactord::Group>& room, Server& server) : room_(room), server_(server) {
      if (room_) here_.join(*room_);
    }
    void on_line(std::string_view line, Reply& reply) override {
      if (line == "all" && room_) room_->broadcast(std::string(1500, 'x'), "\n");
      if (line == "close" && room_) room_->for_each([](LineConnection& member) { member.close(); });
      if (line == "leave" && room_)
        room_->for_each([&](LineConnection& member) { static_cast<Member&>(member).here_.leave(); });
      if (line == "gone") room_.reset();
      if (line == "kill") {
        server_.kill();
        if (room_) room_->broadcast("after\n");
      }
      reply.write("ok\n");
    }
    void on_end(EndCause) noexcept override {
      if (room_) room_->broadcast("bye\n");
    }
    std::unique_ptr<reactord::Group>& room_;
    Server& server_;
    reactord::Membership here_{*this};
  };
  for (const char* last : {"close\n", "leave\n", "gone\n", "kill\n", "all\n"}) {
    CAPTURE(last);
    ServerStage stage({.output = {.high = 1000, .low = 100, .hard = 2000}});
    auto room = std::make_unique<reactord::Group>();
    LineConnectionFactory factory([&] { return std::make_unique<Member>(room, stage.server); });
    stage.run(
        [](ServerStage& st, LineConnectionFactory& by, std::string text) -> Task<> {
          Conn a = st.serve(by), b = st.serve(by), c = st.serve(by);
          co_await test::pass(st.reactor, 1ms);
          co_await test::say(a, "all\nall\nall\n" + text + text);
          co_await test::pass(st.reactor, 1ms);
          auto sent = co_await b.write("all\n");
          const std::string heard = co_await test::hear(c, 1000);
          co_await test::pass(st.reactor, 1ms);
        },
        factory, std::string(last));
    CHECK((!room || room->size() == 0));
  }
}

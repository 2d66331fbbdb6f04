// The log: a line for every closed connection with its cause, and a stderr that nobody reads holds nothing
// up.
#include <doctest/doctest.h>

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/configured.hpp"
#include "support/crowd.hpp"

using test::Client;
using test::Daemon;

namespace {

bool holds(const std::string& text, std::string_view word) { return text.find(word) != text.npos; }

int occurrences(const std::string& text, std::string_view word) {
  int count = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != text.npos; ++at) ++count;
  return count;
}

int number_after(const std::string& text, std::string_view key) {
  const std::size_t at = text.find(key);
  return at == text.npos ? -1 : std::stoi(text.substr(at + key.size()));
}

TEST_CASE("each end of a line connection is told with its cause and its counts") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--idle-timeout", "400ms"});
  const auto closed = [&](std::string_view cause) {
    return daemon.wait_for_log({"level=info event=closed protocol=line peer=127.0.0.1:", cause});
  };
  CHECK(Client(daemon.address()).exchange("one\ntwo\n", true) == "Server: one\nServer: two\n");
  const std::string eof = closed("cause=eof");
  CHECK(holds(eof, " lines=2 in=8 out=24 seconds="));
  CHECK(eof.starts_with("time="));

  Client resetting(daemon.address());
  CHECK(resetting.ask("x") == "Server: x");
  resetting.reset();
  CHECK(holds(closed("cause=reset"), " error=\"connection reset by peer\" lines=1 in=2 out=10 "));

  Client endless(daemon.address());
  endless.send(std::string(64 * 1024, 'e'));
  CHECK(endless.read_to_end() == "ERR line too long (max 65536)\n");
  endless.close();
  CHECK(holds(closed("cause=line-too-long"), " in=65536 out=30 "));

  Client idle(daemon.address());
  CHECK(idle.read_to_end() == "");
  idle.close();
  CHECK(holds(closed("cause=idle"), " in=0 out=0 seconds="));
  CHECK(daemon.stop() == 0);
}

TEST_CASE("each end of an echo connection is told with its cause") {
  Daemon daemon({"echo@127.0.0.1:0"}, {"--idle-timeout", "400ms"});
  const auto closed = [&](std::string_view cause) {
    return daemon.wait_for_log({"event=closed protocol=echo peer=127.0.0.1:", cause});
  };
  CHECK(Client(daemon.address()).exchange("bytes", true) == "bytes");
  CHECK(holds(closed("cause=eof"), " in=5 out=5 "));
  Client resetting(daemon.address());
  CHECK(resetting.ask("x") == "x");
  resetting.reset();
  closed("cause=reset");
  Client idle(daemon.address());
  CHECK(idle.read_to_end() == "");
  idle.close();
  closed("cause=idle");
  CHECK(daemon.stop() == 0);
}

TEST_CASE("the end of the daemon is told: drained at the first signal, killed at the second") {
  for (const std::string protocol : {"line", "echo"}) {
    CAPTURE(protocol);
    const std::string event = "event=closed protocol=" + protocol;
    {
      Daemon daemon({protocol + "@127.0.0.1:0"});
      Client client(daemon.address());
      client.ask("x");
      daemon.signal(SIGTERM);
      CHECK(client.read_to_end() == "");
      client.close();
      daemon.wait_for_log({event, "cause=drained"});
      CHECK(daemon.wait() == 0);
    }
    Daemon daemon({protocol + "@127.0.0.1:0"});
    Client deaf(daemon.address(), 8 * 1024, 64 * 1024);
    const std::string lines(64 * 1024 * 1024, '\n');
    if (protocol == "line") {
      deaf.send("half");
      deaf.wait_until_received();
    } else {
      REQUIRE(deaf.send_until_stuck(lines) < lines.size());
    }
    daemon.signal(SIGTERM);
    daemon.wait_for_log({"event=draining signal=SIGTERM connections=1"});
    test::pass_second();
    daemon.signal(SIGTERM);
    daemon.wait_for_log({event, "cause=killed"});
    daemon.wait_for_log({"event=stopped"});
    CHECK(daemon.wait() == 0);
  }
}

TEST_CASE("--log-level decides what is told") {
  // At this level there is no line to wait for: a unix path says where it listens.
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  test::Process daemon({"--listen", "line@unix:" + path, "--log-level", "error"});
  test::wait_until("it serves", [&] {
    try {
      return Client(path).ask("x") == "Server: x";
    } catch (const std::exception&) {
      return false;
    }
  });
  CHECK(daemon.stop() == 0);
  CHECK(daemon.errors() == "");
}

TEST_CASE("a full stderr holds nobody up, and what was dropped is counted once there is room") {
  const test::TemporaryDirectory directory;
  Daemon daemon({"line@unix:" + directory.path("socket")}, {"--log-rate", "0"});
  constexpr int connections = 5000;  // each leaves a line of about 100 bytes: more than pipe and queue take
  for (int count = 0; count < connections; ++count) REQUIRE(Client(daemon.address()).ask("x") == "Server: x");
  const std::string dropped = daemon.wait_for_log({"level=warn event=log-lines-dropped count="});
  const int count = number_after(dropped, "count=");
  CHECK(count > 0);
  CHECK(daemon.stop() == 0);
  const std::string rest = daemon.errors();
  CHECK(occurrences(rest, "event=closed") + count == connections);
  CHECK(holds(rest, "event=stopped"));
}

TEST_CASE(
    "a stderr that nobody reads for the whole of a connect storm costs the log its lines, and nobody else "
    "anything") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--log-rate", "0"});
  Client client(daemon.address());
  CHECK(client.ask("before") == "Server: before");
  const std::size_t resident = daemon.resident_bytes();
  test::Crowd crowd;
  crowd.add(20, test::Manner::resets, daemon.address());
  constexpr std::uint64_t storm = 6000;  // lines: more than pipe and queue take
  crowd.run_until("there was a storm", [&] { return crowd.connections(test::Manner::resets) >= storm; });
  CHECK(client.ask("during") == "Server: during");
  crowd.leave();
  // The queue of lines, and what the allocator needs to grow it.
  if (!test::is_sanitized()) CHECK(daemon.resident_bytes() < resident + 2 * 1024 * 1024);
  CHECK(number_after(daemon.wait_for_log({"level=warn event=log-lines-dropped count="}), "count=") > 0);
  CHECK(client.ask("after") == "Server: after");
  client.close();
  CHECK(daemon.stop() == 0);
}

TEST_CASE("a flood of events is no flood of lines: the rest is counted, at the latest at the end") {
  const test::TemporaryDirectory directory;
  Daemon daemon({"line@unix:" + directory.path("socket")}, {"--log-rate", "1"});
  constexpr int connections = 500;
  const auto connect = [&](int clients) {
    for (int count = 0; count < clients; ++count) REQUIRE(Client(daemon.address()).ask("x") == "Server: x");
  };
  connect(connections / 2);
  const std::string omitted = daemon.wait_for_log({"level=info event=omitted kind=closed cause=eof count="});
  connect(connections / 2);
  CHECK(daemon.stop() == 0);
  const std::string rest = daemon.errors();
  int told = occurrences(rest, "event=closed"), counted = number_after(omitted, "count=");
  for (std::size_t at = 0; (at = rest.find("event=omitted", at)) != rest.npos; ++at) {
    counted += number_after(rest.substr(at), "count=");
  }
  CHECK(told >= 10);
  CHECK(told < connections / 2);
  CHECK(told + counted == connections);
  CHECK(rest.rfind("event=omitted") < rest.rfind("event=stopped"));
}

TEST_CASE("a stderr whose reader has gone kills nothing") {
  Daemon daemon;
  daemon.close_log();
  for (int count = 0; count < 10; ++count) CHECK(Client(daemon.address()).ask("x") == "Server: x");
  CHECK(daemon.stop() == 0);
}

TEST_CASE("a stderr that nobody reads does not keep the daemon from ending") {
  Daemon daemon;
  daemon.shrink_log();
  for (int count = 0; count < 100; ++count) REQUIRE(Client(daemon.address()).ask("x") == "Server: x");
  CHECK(daemon.stop() == 0);
}

TEST_CASE("a log at 2>> is rotated by a copy and a truncation: no hole, and no line lost after it") {
  const test::TemporaryDirectory directory;
  const std::string socket = directory.path("socket"), log = directory.path("log"),
                    copy = directory.path("log.1");
  const auto text_of = [](const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  test::Process daemon({"--listen", "line@unix:" + socket}, 0, {.prelude = "exec 2>>" + log + "; "});
  test::wait_until("it listens", [&] { return holds(text_of(log), "event=listening"); });
  constexpr int connections = 20;
  for (int round = 1; round <= 3; ++round) {
    CAPTURE(round);
    for (int count = 0; count < connections; ++count) CHECK(Client(socket).ask("x") == "Server: x");
    test::wait_until("all ends are in the log",
                     [&] { return occurrences(text_of(log), "event=closed") == connections; });
    std::filesystem::copy_file(log, copy, std::filesystem::copy_options::overwrite_existing);
    REQUIRE(::truncate(log.c_str(), 0) == 0);
    CHECK(text_of(copy).starts_with("time="));
    CHECK(text_of(copy).find('\0') == std::string::npos);
    CHECK(text_of(copy).ends_with('\n'));
  }
  CHECK(daemon.stop() == 0);
  const std::string last = text_of(log);
  CHECK(last.starts_with("time="));
  CHECK(holds(last, "event=stopped accepted=60 "));
  CHECK(std::filesystem::file_size(log) == last.size());
}

}  // namespace

TEST_CASE(
    "connections that ask nothing are logged at the level that was chosen for them, and counted all the "
    "same") {
  for (const std::string level : {"info", "debug"}) {
    CAPTURE(level);
    Daemon daemon({"line@127.0.0.1:0"}, {"--log-probes", level});
    Client(daemon.address()).close();
    Client asks(daemon.address());
    CHECK(asks.ask("x") == "Server: x");
    asks.reset();
    Client half(daemon.address());
    half.send("half");
    half.wait_until_received();
    half.reset();
    daemon.wait_for_log({"event=closed", "cause=reset", "in=4"});
    CHECK(Client(daemon.address()).exchange("y\n", true) == "Server: y\n");
    daemon.wait_for_log({"event=closed", "cause=eof", "in=2"});
    CHECK(daemon.stop() == 0);
    const std::string log = daemon.errors();
    CHECK((log.find("cause=eof in=0") != std::string::npos) == (level == "info"));
    CHECK((log.find("cause=reset error=\"connection reset by peer\" lines=1") != std::string::npos) ==
          (level == "info"));
    CHECK(log.find("event=stopped accepted=4 open=0 eof=2 finished=0 reset=2 ") != std::string::npos);
  }
}

TEST_CASE(
    "ends that the access log leaves out are counted, and are not told as omitted, also after a reload") {
  test::Configured configured("listen = line@unix:DIRl\naccess-log = errors\n");
  test::Process& daemon = configured.process();
  daemon.wait_for_log({"event=listening"});
  const auto ask_and_end = [&] {
    CHECK(Client(configured.address("l")).exchange("x\n", true) == "Server: x\n");
  };
  for (int count = 0; count < 3; ++count) ask_and_end();
  {
    Client half(configured.address("l"));
    half.send("half");
    half.wait_until_received();
    half.reset();
  }
  daemon.wait_for_log({"event=closed", "cause=reset"});
  configured.reload("listen = line@unix:DIRl\naccess-log = sample=1/3\n");
  daemon.wait_for_log({"event=reloaded"});
  for (int count = 0; count < 6; ++count) ask_and_end();
  CHECK(daemon.stop() == 0);
  const std::string log = daemon.errors();
  std::size_t logged = 0;
  for (std::size_t at = log.find("cause=eof"); at != log.npos; at = log.find("cause=eof", at + 1)) ++logged;
  CHECK(logged == 2);
  CHECK(log.find("event=omitted") == log.npos);
  CHECK(log.find("event=stopped accepted=10 open=0 eof=9 ") != log.npos);
}

TEST_CASE("a PROXY header where none is expected is told to the client and in the log") {
  Daemon daemon;
  Client client(daemon.address());
  client.send("PROXY TCP4 192.0.2.1 192.0.2.2 40000 9090\r\nhello\n");
  CHECK(client.read_to_end() == "ERR no PROXY header is expected here\n");
  client.close();
  daemon.wait_for_log({"event=closed protocol=line", "cause=proxy-header in=49 out=37"});
  CHECK(daemon.stop() == 0);
}

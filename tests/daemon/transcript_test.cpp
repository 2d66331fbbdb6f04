// The line protocol byte for byte: what a client sends and what it must get back, in one piece and in many.
#include <doctest/doctest.h>

#include "support/process.hpp"

using test::Client;
using test::Daemon;
using namespace std::string_literals;

namespace {

struct Transcript {
  std::string sent, received;
};

std::vector<Transcript> transcripts() {
  const std::string longest(65'535, 'a');
  return {
      {"hello\n", "Server: hello\n"},
      {"a\r\nb\r\n", "Server: a\nServer: b\n"},
      {"\n\n \t\r\nx\n", "Server: x\n"},
      {"a\rb\n", "Server: a\rb\n"},
      {"tail", "Server: tail\n"},
      {"one\ntail", "Server: one\nServer: tail\n"},
      {"tail\r", "Server: tail\n"},
      {"", ""},
      {"\n", ""},
      {" \t\v\f\r", ""},
      {" \t\v\fwords  between\t \r\n", "Server: words  between\n"},
      {"a\0b\n\0\n"s, "Server: a\0b\nServer: \0\n"s},
      {"\xc2\xa0\n\xc2\xa0x\xc2\xa0\n", "Server: \xc2\xa0\nServer: \xc2\xa0x\xc2\xa0\n"},
      {"\xe2\x80\x83\xff\xfe\x80\n", "Server: \xe2\x80\x83\xff\xfe\x80\n"},
      {longest + "\nx\n", "Server: " + longest + "\nServer: x\n"},
  };
}

TEST_CASE("[138] a client that sends in one piece and half-closes gets every reply, then the end") {
  Daemon daemon;
  for (const Transcript& transcript : transcripts()) {
    Client client(daemon.address());
    client.send(transcript.sent);
    client.finish();
    CHECK(client.read_to_end() == transcript.received);
  }
  CHECK(daemon.stop() == 0);
}

TEST_CASE("[138] bytes that arrive one at a time give the same transcripts") {
  Daemon daemon;
  for (const Transcript& transcript : transcripts()) {
    if (transcript.sent.size() > 1000) continue;
    Client client(daemon.address());
    for (std::size_t byte = 0; byte < transcript.sent.size(); ++byte) {
      client.send(std::string_view(transcript.sent).substr(byte, 1));
      client.wait_until_received();  // so that no two share a packet
    }
    client.finish();
    CHECK(client.read_to_end() == transcript.received);
  }
  CHECK(daemon.stop() == 0);
}

TEST_CASE("a reply comes at the end of its line, not at the end of the connection") {
  Daemon daemon;
  Client client(daemon.address());
  CHECK(client.ask("first") == "Server: first");
  CHECK(client.ask("second\r") == "Server: second");
  client.send("half");
  client.wait_until_received();
  CHECK(!client.has_input());
  CHECK(client.ask(" and whole") == "Server: half and whole");
  client.close();
  CHECK(daemon.stop() == 0);
}

TEST_CASE("long lines that come together are all answered, while the client waits") {
  Daemon daemon;
  Client client(daemon.address());
  constexpr int lines = 200;
  const std::string line(2000, 'l');
  std::string all;
  for (int count = 0; count < lines; ++count) all += line + '\n';
  client.send(all);
  for (int count = 0; count < lines; ++count) {
    const bool answered = client.read_line() == "Server: " + line + '\n';
    REQUIRE(answered);
  }
  client.close();
  CHECK(daemon.stop() == 0);
}

TEST_CASE("without arguments it serves the line protocol on port 9090, over IPv4 and IPv6") {
  test::Process daemon({});
  // Somebody else may hold the port on this machine: then saying so is what is asked for.
  const std::string line = daemon.wait_for_log({":9090"});
  if (line.find("address already in use") != std::string::npos) {
    CHECK(daemon.wait() == 1);
    return;
  }
  CHECK(line.find("event=listening protocol=line address=[::]:9090") != std::string::npos);
  CHECK(Client("127.0.0.1:9090").ask("four") == "Server: four");
  CHECK(daemon.stop() == 0);
}

}  // namespace

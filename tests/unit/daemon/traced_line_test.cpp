// TracedLine: bytes as lines that are shown.
#include "daemon/traced_line.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace reactord;

namespace {

struct Cutter {
  void take(std::string_view bytes, Time now = Time::from_nanoseconds(1)) {
    line.take(bytes, now, [this](const TracedLine::Shown& shown) { note(shown); });
  }
  void show_piece() {
    line.show_piece([this](const TracedLine::Shown& shown) { note(shown); });
  }
  void note(const TracedLine::Shown& shown) {
    seen += shown.has_ended ? "[" : "(";
    seen += shown.bytes;
    if (shown.cut > 0) seen += "+" + std::to_string(shown.cut);
    seen += shown.has_ended ? "]" : ")";
  }
  std::string seen;
  TracedLine line;
};

}  // namespace

TEST_CASE("a line is shown once its end has come, however its bytes are cut") {
  Cutter cutter;
  cutter.take("he");
  cutter.take("llo");
  CHECK(cutter.seen.empty());
  cutter.take("\n\na\r\nb");
  CHECK(cutter.seen == "[hello][][a\r]");
  cutter.take("\n");
  CHECK(cutter.seen == "[hello][][a\r][b]");
  CHECK_FALSE(cutter.line.holds());
  CHECK(cutter.line.since().is_never());
}

TEST_CASE("a line that is longer than what is shown says how much is left out") {
  Cutter cutter;
  const std::string whole(TracedLine::longest, 'x');
  cutter.take(whole + "\n" + whole + "y\n");
  CHECK(cutter.seen == "[" + whole + "][" + whole + "+1]");
  cutter.seen.clear();
  for (int times = 0; times < 1000; ++times) cutter.take(whole);
  cutter.take("\nb\n");
  CHECK(cutter.seen == "[" + whole + "+" + std::to_string(999 * TracedLine::longest) + "][b]");
}

TEST_CASE("a piece is what is held, since its first byte, and the rest follows") {
  Cutter cutter;
  cutter.show_piece();
  CHECK(cutter.seen.empty());
  cutter.take("half", Time::from_nanoseconds(5));
  cutter.take(" a", Time::from_nanoseconds(6));
  CHECK(cutter.line.since() == Time::from_nanoseconds(5));
  cutter.show_piece();
  cutter.show_piece();
  cutter.take(" line\n", Time::from_nanoseconds(7));
  CHECK(cutter.seen == "(half a)[ line]");
}

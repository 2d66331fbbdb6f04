// Words: a text is split as a POSIX shell splits it, and what only a shell could do is told.
#include "daemon/shell_words.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using reactord::shell_words;
using Words = std::vector<std::string>;

TEST_CASE("a text is split into words as a shell does it") {
  struct Row {
    const char* text;
    Words words;
  };
  const Row rows[] = {
      {"", {}},
      {" \t\n ", {}},
      {"a", {"a"}},
      {"  a\tb\nc  ", {"a", "b", "c"}},
      {"'a b'", {"a b"}},
      {"''", {""}},
      {"\"\"", {""}},
      {"a '' b", {"a", "", "b"}},
      {"a''b", {"ab"}},
      {"a'b c'\"d e\"f", {"ab cd ef"}},
      {"'a\"b'", {"a\"b"}},
      {"\"a'b\"", {"a'b"}},
      {R"('a\nb')", {R"(a\nb)"}},
      {R"('a\')", {R"(a\)"}},
      {R"("a\nb")", {R"(a\nb)"}},
      {R"("\$\`\"\\")", {R"($`"\)"}},
      {R"("a\'b")", {R"(a\'b)"}},
      {R"(a\ b)", {"a b"}},
      {R"(\a\\\'\"\|\$x)", {R"(a\'"|$x)"}},
      {"a\\\nb", {"ab"}},
      {"\"a\\\nb\"", {"ab"}},
      {"'|&;<>()`$x'", {"|&;<>()`$x"}},
      {"\"|&;<>()\"", {"|&;<>()"}},
      {"s/a$/b/ 5$ $ \"$\" $1", {"s/a$/b/", "5$", "$", "$", "$1"}},
      {"a=b #c *.x ~", {"a=b", "#c", "*.x", "~"}},
      {"\xc3\xa4 '\xe2\x82\xac'", {"\xc3\xa4", "\xe2\x82\xac"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto words = shell_words(row.text);
    REQUIRE_MESSAGE(words.has_value(), words.error());
    CHECK(*words == row.words);
  }
}

TEST_CASE("what can't be split says why") {
  struct Row {
    const char* text;
    const char* why;
  };
  const Row rows[] = {
      {"a 'b", "the quote ' does not end: write another one, or \\' for the character"},
      {"a' b\"c\"", "the quote ' does not end: write another one, or \\' for the character"},
      {"\"", "the quote \" does not end: write another one, or \\\" for the character"},
      {R"("a\")", "the quote \" does not end: write another one, or \\\" for the character"},
      {R"("a\)", "the quote \" does not end: write another one, or \\\" for the character"},
      {"a\\", "a backslash at the end stands in front of nothing: write \\\\ for a backslash"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto words = shell_words(row.text);
    REQUIRE_FALSE(words.has_value());
    CHECK(words.error() == row.why);
  }
}

TEST_CASE("what only a shell could do is not done silently as something else") {
  struct Row {
    const char* text;
    const char* what;
  };
  for (const Row& row : {Row{"a | b", "|"}, Row{"a &", "&"}, Row{"a; b", ";"}, Row{"a <b", "<"},
                         Row{"a 2>b", ">"}, Row{"(a)", "("}, Row{"`a`", "`"}, Row{"\"`a`\"", "`"},
                         Row{"$HOME/x", "$"}, Row{"\"$x\"", "$"}, Row{"${x}", "$"}, Row{"$(a)", "$"}}) {
    CAPTURE(row.text);
    const auto words = shell_words(row.text);
    REQUIRE_FALSE(words.has_value());
    CHECK(words.error() == "no shell reads this, so " + std::string(row.what) +
                               " has no effect: quote it, as in '" + row.what +
                               "', or write /bin/sh -c '...'");
  }
}

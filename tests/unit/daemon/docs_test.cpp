// What pages take from the table of settings: plain text as mdoc, and blocks between their two lines.
#include <doctest/doctest.h>

#include <string>

#include "daemon/options.hpp"
#include "daemon/settings.hpp"
#include "docs/blocks.hpp"
#include "docs/mdoc.hpp"
#include "support/reactord_program.hpp"

using docs::mdoc_argument;
using docs::mdoc_text;
using docs::with_block;

TEST_CASE("every sentence begins a line, and so does what is literal") {
  CHECK(mdoc_text("").empty());
  CHECK(mdoc_text("One. Two, three.") == "One.\nTwo, three.\n");
  CHECK(mdoc_text("Use `this-word`, or not.") == "Use\n.Cm this\\-word ,\nor not.\n");
  CHECK(mdoc_text("`a` (`b`), `c`.") == ".Cm a\n.Cm ( b ) ,\n.Cm c .\n");
  CHECK(mdoc_text("`one`s end") == ".Cm one Ns s\nend\n");
}

TEST_CASE("a literal is marked as what it is") {
  CHECK(mdoc_text("`--an-option`") == ".Fl \\-an\\-option\n");
  CHECK(mdoc_text("`page.conf(5)`,") == ".Xr page.conf 5 ,\n");
  CHECK(mdoc_text("`/a/file`") == ".Pa /a/file\n");
  CHECK(mdoc_text("`unix:/path`") == ".Li unix:/path\n");
  CHECK(mdoc_text("`100/s`") == ".Li 100/s\n");
  CHECK(mdoc_text("`SIGHUP`") == ".Dv SIGHUP\n");
  CHECK(mdoc_text("`mode=1 owner=ME`.") == ".Ql \"mode=1 owner=ME\" .\n");
}

TEST_CASE("a placeholder is marked wherever it stands") {
  CHECK(mdoc_text("After SIZE, or (SIZE).", "SIZE") == "After\n.Ar SIZE ,\nor\n.Ar ( SIZE ) .\n");
  CHECK(mdoc_text("SIZES of a", "SIZE") == "SIZES of a\n");
  CHECK(mdoc_text("FIRST at OTHER", "FIRST@OTHER") == ".Ar FIRST\nat\n.Ar OTHER\n");
  CHECK(mdoc_text("ONE") == "ONE\n");
}

TEST_CASE("text is never taken for a macro, an escape or a delimiter") {
  CHECK(mdoc_text(".It is text") == "\\&.It is text\n");
  CHECK(mdoc_text("'It is text") == "\\&'It is text\n");
  CHECK(mdoc_text("a\\b ~ ^") == "a\\eb \\(ti \\(ha\n");
  CHECK(mdoc_argument("No") == "\\&No");
  CHECK(mdoc_argument("|") == "\\&|");
  CHECK(mdoc_argument("a \"b\"") == "\"a \\(dqb\\(dq\"");
  CHECK(mdoc_text("`never ends") == ".Ql \"never ends\"\n");
}

TEST_CASE("a long sentence is broken between words") {
  std::string words;
  for (int i = 0; i < 60; ++i) words += "'word ";
  const std::string text = mdoc_text(words);
  CHECK(text.find('\n') < 120);
  CHECK(text.find("\n'") == std::string::npos);
}

TEST_CASE("a block takes the place of what stands between its two lines, and of nothing else") {
  const std::string page = "a\n# BEGIN it: from\nold\nold\n# END it\nb\n# BEGIN other: from\n# END other\n";
  CHECK(*with_block(page, "it", "new\n") ==
        "a\n# BEGIN it: from\nnew\n# END it\nb\n# BEGIN other: from\n# END other\n");
  CHECK(*with_block(page, "other", "new\n") ==
        "a\n# BEGIN it: from\nold\nold\n# END it\nb\n# BEGIN other: from\nnew\n# END other\n");
  CHECK(*with_block(*with_block(page, "it", "new\n"), "it", "old\nold\n") == page);
}

TEST_CASE("a page without both lines of a block, once and in their order, says what to write") {
  const std::string no_begin = "write one line with \"BEGIN it: \"";
  const std::string no_end = "write one line with \"END it\" below that with \"BEGIN it: \"";
  CHECK(with_block("", "it", "").error() == no_begin);
  CHECK(with_block("# END it\n", "it", "").error() == no_begin);
  CHECK(with_block("# BEGIN it: x\n# BEGIN it: x\n# END it\n", "it", "").error() == no_begin);
  CHECK(with_block("# BEGIN it: x\n", "it", "").error() == no_end);
  CHECK(with_block("# BEGIN it: x", "it", "").error() == no_end);
  CHECK(with_block("# END it\n# BEGIN it: x\n", "it", "").error() == no_end);
  CHECK(with_block("# BEGIN it: x # END it\n", "it", "").error() == no_end);
  CHECK(with_block("# BEGIN it: x\n# END it\n# END it\n", "it", "").error() == no_end);
}

TEST_CASE("every setting says what it does, on one line and at length") {
  for (const reactord::Setting& setting : test::reactord_program().settings()) {
    CAPTURE(setting.name);
    CHECK_FALSE(setting.help.empty());
    CHECK(setting.help.find('\n') == std::string::npos);
    CHECK_FALSE(setting.help.ends_with('.'));
    CHECK(setting.manual.ends_with('.'));
    CHECK(setting.manual.find("reactord ") == setting.manual.npos);  // a setting is that of every daemon
    CHECK(mdoc_text(setting.manual, setting.placeholder()).find('`') == std::string::npos);
    CHECK((setting.value == nullptr || !setting.value->placeholder.empty()));
    CHECK((setting.is_key() ? setting.value != nullptr : true));
  }
}

TEST_CASE("what stands for a value is explained once, without a backquote where the text is plain") {
  const std::string text = reactord::values_text(test::reactord_program(), "> ");
  for (const reactord::ValueKind* value : test::reactord_program().explained_values()) {
    const std::string begin = "> " + std::string(value->placeholder) + ' ';
    CAPTURE(begin);
    CHECK(text.find(begin) != std::string::npos);
    CHECK(text.find(begin) == text.rfind(begin));
  }
  CHECK(text.find('`') == std::string::npos);
  CHECK(text.starts_with("> DURATION  a number and a unit: 500ms, "));
}

TEST_CASE("every word that completes a value is one that the setting takes") {
  for (const reactord::Setting& setting : test::reactord_program().settings()) {
    if (setting.value == nullptr) continue;
    CAPTURE(setting.name);
    CHECK((setting.value->completion == reactord::Completion::words) == !setting.value->words.empty());
    for (const std::string_view word : setting.value->words) {
      CAPTURE(word);
      reactord::Options options(test::reactord_program());
      CHECK(setting.apply(word, options).has_value());
    }
  }
}

TEST_CASE("every block names every setting that its page is for") {
  for (const docs::Block& block : docs::blocks()) {
    CAPTURE(block.file);
    const std::string text = block.text();
    CHECK(text.ends_with('\n'));
    if (block.name == "values") continue;  // of the kinds of values, not of settings
    const bool is_manual = std::string(block.file).starts_with("docs/man/");
    for (const reactord::Setting& setting : test::reactord_program().settings()) {
      const bool is_for = block.name == "completions" ? setting.value != nullptr
                          : block.name == "settings"  ? setting.is_key()
                                                      : !is_manual || !setting.is_key();
      if (!is_for) continue;
      CAPTURE(setting.name);
      const std::string name = is_manual ? mdoc_argument(setting.name) : std::string(setting.name);
      CHECK(text.find(name) != std::string::npos);
    }
  }
}

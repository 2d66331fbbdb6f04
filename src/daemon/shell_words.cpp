#include "daemon/shell_words.hpp"

#include <optional>
#include <utility>

namespace reactord {
namespace {

constexpr std::string_view blanks = " \t\n";
constexpr std::string_view operators = "|&;<>()`";
constexpr std::string_view escaped_in_quotes = "$`\"\\";

bool is_one_of(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

// True for the first character of a variable's name in a shell, or of another expansion.
bool begins_expansion(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_one_of("_{(", c);
}

std::unexpected<UsageError> refuse_shell(std::string_view what) {
  return std::unexpected("no shell reads this, so " + std::string(what) +
                         " has no effect: quote it, as in '" + std::string(what) +
                         "', or write /bin/sh -c '...'");
}

// Reads one word after the other. Each read_ function begins behind the character that it is named for.
class WordReader {
 public:
  explicit WordReader(std::string_view text) : text_(text) {}

  Parsed<std::vector<std::string>> read_all() {
    while (at_ < text_.size()) {
      auto read = read_some();
      if (!read) return std::unexpected(std::move(read).error());
    }
    end_word();
    return std::move(words_);
  }

 private:
  Parsed<void> read_some() {
    const char c = text_[at_++];
    if (is_one_of(blanks, c)) {
      end_word();
      return {};
    }
    if (c == '\'') return read_single_quotes();
    if (c == '"') return read_double_quotes();
    if (c == '\\') return read_backslash();
    if (is_one_of(operators, c)) return refuse_shell(text_.substr(at_ - 1, 1));
    if (c == '$' && is_expansion()) return refuse_shell("$");
    word() += c;
    return {};
  }

  Parsed<void> read_single_quotes() {
    const std::size_t end = text_.find('\'', at_);
    if (end == std::string_view::npos) return unclosed('\'');
    word() += text_.substr(at_, end - at_);
    at_ = end + 1;
    return {};
  }

  Parsed<void> read_double_quotes() {
    std::string& read = word();
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return {};
      if (c == '\\' && at_ < text_.size() && text_[at_] == '\n') {
        ++at_;
      } else if (c == '\\' && at_ < text_.size() && is_one_of(escaped_in_quotes, text_[at_])) {
        read += text_[at_++];
      } else if (c == '`' || (c == '$' && is_expansion())) {
        return refuse_shell(text_.substr(at_ - 1, 1));
      } else {
        read += c;
      }
    }
    return unclosed('"');
  }

  Parsed<void> read_backslash() {
    if (at_ == text_.size())
      return std::unexpected("a backslash at the end stands in front of nothing: write \\\\ for a backslash");
    const char c = text_[at_++];
    if (c != '\n') word() += c;  // a line that goes on
    return {};
  }

  bool is_expansion() const { return at_ < text_.size() && begins_expansion(text_[at_]); }

  static std::unexpected<UsageError> unclosed(char quote) {
    return std::unexpected(std::string("the quote ") + quote + " does not end: write another one, or \\" +
                           quote + " for the character");
  }

  // The word that is being read: quotes begin one, even with nothing between them.
  std::string& word() {
    if (!word_) word_.emplace();
    return *word_;
  }
  void end_word() {
    if (word_) words_.push_back(*std::exchange(word_, std::nullopt));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<std::string> word_;  // empty: between two words
  std::vector<std::string> words_;
};

}  // namespace

Parsed<std::vector<std::string>> shell_words(std::string_view text) { return WordReader(text).read_all(); }

}  // namespace reactord

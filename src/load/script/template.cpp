#include "load/script/template.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/suggestion.hpp"
#include "load/script/file.hpp"
#include "load/script/script_values.hpp"

namespace reactord::load {
namespace {

constexpr std::size_t most_digits = 20;  // of a number of 64 bits

std::size_t digits(std::uint64_t number) noexcept {
  std::size_t count = 1;
  for (; number >= 10; number /= 10) ++count;
  return count;
}

constexpr std::uint64_t mixed(std::uint64_t bits) noexcept {  // SplitMix64 (Steele, Lea, Flood 2014)
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}

__extension__ using Wide = unsigned __int128;  // not standard, but in every compiler for 64 bits

// The random letters of one text. Each 64-bit number gives ten of them: there are 62 letters, and 62^10 < 2^64.
class Letters {
 public:
  explicit Letters(const Template::Values& values) noexcept
      : state_(mixed(mixed(mixed(values.seed + step) ^ values.connection) ^ values.sequence)) {}

  char* write(std::size_t count, char* out) noexcept {
    static constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static_assert(sizeof letters == 62 + 1);
    for (; count > 0; --count) {
      if (left_ == 0) {
        fraction_ = mixed(state_ += step);
        left_ = 10;
      }
      --left_;
      // The number as a fraction of 2^64: its next digit to the base of 62.
      const auto product = static_cast<Wide>(fraction_) * 62;
      *out++ = letters[static_cast<std::size_t>(product >> 64)];
      fraction_ = static_cast<std::uint64_t>(product);
    }
    return out;
  }

 private:
  static constexpr std::uint64_t step = 0x9e3779b97f4a7c15;
  std::uint64_t state_, fraction_ = 0;
  unsigned left_ = 0;
};

int hex_digit(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const char lower = static_cast<char>(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

class TemplateParser {
 public:
  using Piece = Template::Piece;
  using Step = std::expected<void, Template::SyntaxError>;

  TemplateParser(std::string_view text, const std::string& folder) : text_(text), folder_(folder) {}

  std::expected<Template, Template::SyntaxError> parse() {
    while (at_ < text_.size()) {
      Step step = next();
      if (!step) return std::unexpected(std::move(step).error());
      if (result_.most_bytes_ > Template::most_text) {
        return std::unexpected(Template::SyntaxError{"the text is longer than 64MiB from here on", start_});
      }
    }
    return std::move(result_);
  }

 private:
  Step next() {
    start_ = at_;
    const char byte = text_[at_];
    if (byte == '\\') return escape();
    if (byte != '{') {
      const std::size_t end = std::min(text_.find_first_of("\\{", at_), text_.size());
      literal(text_.substr(at_, end - at_));
      at_ = end;
      return {};
    }
    if (text_.substr(at_, 2) == "{{") {
      literal("{");
      at_ += 2;
      return {};
    }
    const std::size_t end = text_.find('}', at_);
    if (end == text_.npos) return wrong("{ begins a hole that has no }: write {{ for a brace");
    at_ = end + 1;
    return hole(text_.substr(start_ + 1, end - start_ - 1));
  }

  Step escape() {
    static constexpr std::string_view names = "nrt\\\"", bytes = "\n\r\t\\\"";
    static const std::string known = R"(: write \n \r \t \0 \\ \" or \xHH)";
    if (at_ + 1 == text_.size()) return wrong("a \\ at the end" + known);
    const char name = text_[at_ + 1];
    at_ += 2;
    if (const std::size_t index = names.find(name); index != names.npos) {
      literal(bytes.substr(index, 1));
      return {};
    }
    if (name == '0') {
      if (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7') {
        return wrong("octal numbers are no escapes: write \\xHH, \\x00 for a NUL before a digit");
      }
      literal(std::string_view("", 1));
      return {};
    }
    if (name != 'x') return wrong("unknown escape " + quoted_word(text_.substr(start_, 2)) + known);
    const int high = at_ < text_.size() ? hex_digit(text_[at_]) : -1;
    const int low = at_ + 1 < text_.size() ? hex_digit(text_[at_ + 1]) : -1;
    if (high < 0 || low < 0) return wrong("\\x needs two hexadecimal digits, as in \\x7f");
    at_ += 2;
    const auto byte = static_cast<char>(high * 16 + low);
    literal({&byte, 1});
    return {};
  }

  Step hole(std::string_view hole) {
    static constexpr std::array<std::string_view, 4> names{"{seq}", "{conn}", "{rand:N}", "{file:PATH}"};
    static constexpr std::array<std::string_view, 4> words{"seq", "conn", "rand", "file"};
    const std::size_t colon = hole.find(':');
    const std::string_view name = hole.substr(0, colon);
    const std::string_view value = colon == hole.npos ? std::string_view() : hole.substr(colon + 1);
    if (name == "rand") return random(value);
    if (name == "file") return file(value);
    if (hole == "seq") return add(Piece{Piece::Kind::sequence, "", 0}, most_digits);
    if (hole == "conn") return add(Piece{Piece::Kind::connection, "", 0}, most_digits);
    if (name == "seq" || name == "conn") return wrong("{" + std::string(name) + "} takes no value");
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (suggestion(name, std::span(&words[i], 1)).starts_with("did")) {
        return wrong("unknown hole " + quoted_word(name) + ", did you mean " + std::string(names[i]) + "?");
      }
    }
    return wrong("unknown hole " + quoted_word(name) +
                 ", known: {seq} {conn} {rand:N} {file:PATH}; write {{ for a brace");
  }

  Step random(std::string_view value) {
    const auto length = script_size(value, Template::most_random);
    if (!length) return wrong("{rand:N} with N " + length.error());
    return add(Piece{Piece::Kind::random, "", *length}, *length);
  }

  Step file(std::string_view value) {
    if (value.empty()) return wrong("{file:PATH} needs a path, as in {file:body.txt}");
    if (value.contains('\0')) return wrong("{file:PATH} with a NUL in its path");
    const std::string path(value);
    auto bytes = read_whole_file(value.starts_with('/') ? path : folder_ + "/" + path, Template::most_file);
    if (!bytes) return wrong("{file:PATH}: " + bytes.error());
    literal(*bytes);
    return {};
  }

  // Adjacent literals become one, so that a text without holes is filled with a single copy.
  void literal(std::string_view bytes) {
    auto& pieces = result_.pieces_;
    if (bytes.empty()) return;
    if (pieces.empty() || pieces.back().kind != Piece::Kind::literal) {
      pieces.push_back({Piece::Kind::literal, "", 0});
    }
    pieces.back().text += bytes;
    result_.most_bytes_ += bytes.size();
  }

  Step add(Piece piece, std::size_t most_bytes) {
    result_.most_bytes_ += most_bytes;
    result_.has_holes_ = true;
    if (piece.kind == Piece::Kind::sequence) result_.has_sequence_ = true;
    if (piece.kind == Piece::Kind::random) result_.has_random_ = true;
    result_.pieces_.push_back(std::move(piece));
    return {};
  }

  Step wrong(std::string what) const {
    return std::unexpected(Template::SyntaxError{std::move(what), start_});
  }

  const std::string_view text_;
  const std::string& folder_;
  std::size_t at_ = 0, start_ = 0;  // start_: where the current escape or hole begins
  Template result_;
};

std::expected<Template, Template::SyntaxError> Template::parse(std::string_view text,
                                                               const std::string& folder) {
  return TemplateParser(text, folder).parse();
}

void Template::fill(const Values& values, BufferPool& pool, Buffer& into) const {
  if (!has_holes_) {
    if (!pieces_.empty()) into.append(pool, pieces_.front().text);
    return;
  }
  // Makes room for the longest text at once, so that no piece has to.
  char* const begin = into.prepare(pool, most_bytes_).data();
  char* out = begin;
  Letters letters(values);
  for (const Piece& piece : pieces_) {
    switch (piece.kind) {
      case Piece::Kind::literal:
        std::memcpy(out, piece.text.data(), piece.text.size());
        out += piece.text.size();
        break;
      case Piece::Kind::sequence:
        out = std::to_chars(out, out + most_digits, values.sequence).ptr;
        break;
      case Piece::Kind::connection:
        out = std::to_chars(out, out + most_digits, values.connection).ptr;
        break;
      case Piece::Kind::random:
        out = letters.write(piece.length, out);
        break;
    }
  }
  into.commit(static_cast<std::size_t>(out - begin));
}

std::size_t Template::run_length(const Values& values, std::size_t count) const noexcept {
  if (has_random_) return 1;
  if (!has_sequence_) return count;
  const std::uint64_t until_longer =
      values.sequence < 10 ? 10 - values.sequence : 100 - values.sequence % 100;
  return std::min<std::size_t>(count, until_longer);
}

void Template::fill_run(const Values& values, std::size_t run, BufferPool& pool, Buffer& into) const {
  const std::size_t before = into.size();
  fill(values, pool, into);
  const std::size_t size = into.size() - before;
  if (run == 1 || size == 0) return;
  char* const first = into.prepare(pool, size * (run - 1)).data() - size;
  for (std::size_t i = 1; i < run; ++i) std::memcpy(first + i * size, first, size);
  if (has_sequence_) count_up(values, first, size, run);
  into.commit(size * (run - 1));
}

// Turns `run` copies of the first text into the texts of a run: counts up the sequence number of each copy.
void Template::count_up(const Values& values, char* first, std::size_t size, std::size_t run) const noexcept {
  char* end = first;
  for (const Piece& piece : pieces_) {
    switch (piece.kind) {
      case Piece::Kind::literal:
        end += piece.text.size();
        break;
      case Piece::Kind::sequence:
        end += digits(values.sequence);
        break;
      case Piece::Kind::connection:
        end += digits(values.connection);
        break;
      case Piece::Kind::random:
        end += piece.length;
        break;
    }
    if (piece.kind != Piece::Kind::sequence) continue;
    const bool has_tens = values.sequence >= 10;
    char ones = end[-1], tens = has_tens ? end[-2] : '0';
    char* number_end = end;
    for (std::size_t i = 1; i < run; ++i) {
      number_end += size;
      if (++ones > '9') ones = '0', ++tens;
      number_end[-1] = ones;
      if (has_tens) number_end[-2] = tens;
    }
  }
}

const std::string& Template::text() const noexcept {
  static const std::string none;
  return has_holes_ || pieces_.empty() ? none : pieces_.front().text;
}

}  // namespace reactord::load

#include "load/crew/result_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace reactord::load {
namespace {

struct Count {
  std::string_view name;
  std::uint64_t LoadResult::*member;
};
constexpr std::array counts{Count{"requests", &LoadResult::requests},
                            Count{"sent", &LoadResult::sent},
                            Count{"in-flight", &LoadResult::in_flight_at_end},
                            Count{"bytes-read", &LoadResult::bytes_read},
                            Count{"bytes-written", &LoadResult::bytes_written},
                            Count{"opened", &LoadResult::connections_opened},
                            Count{"wanted", &LoadResult::connections_wanted},
                            Count{"late", &LoadResult::late_sends},
                            Count{"late-by-generator", &LoadResult::late_by_generator},
                            Count{"unsent-by-generator", &LoadResult::unsent_by_generator},
                            Count{"unanswered", &LoadResult::unanswered},
                            Count{"warmup-sent", &LoadResult::warmup_sent},
                            Count{"warmup-answered", &LoadResult::warmup_answered},
                            Count{"sent-after", &LoadResult::sent_after},
                            Count{"answered-after", &LoadResult::answered_after}};

struct Distribution {
  std::string_view name;
  Histogram LoadResult::*member;
};
constexpr std::array distributions{
    Distribution{"response", &LoadResult::response}, Distribution{"service", &LoadResult::service},
    Distribution{"connect", &LoadResult::connect}, Distribution{"first-byte", &LoadResult::first_byte},
    Distribution{"lateness", &LoadResult::lateness}};

constexpr double share_unit = 1e6;  // a share is told in millionths

std::string escaped(std::string_view text) {
  std::string line;
  for (const char byte : text) {
    if (byte == '\n') {
      line += "\\n";
    } else if (byte == '\t') {
      line += "\\t";
    } else {
      if (byte == '\\') line += '\\';
      line += byte;
    }
  }
  return line;
}

std::string unescaped(std::string_view line) {
  std::string text;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const bool is_escape = line[at] == '\\' && at + 1 < line.size();
    if (is_escape) ++at;
    text += is_escape && line[at] == 'n' ? '\n' : is_escape && line[at] == 't' ? '\t' : line[at];
  }
  return text;
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

bool parse(std::string_view word, std::uint64_t& number) {
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), number);
  return failure == std::errc() && end == word.data() + word.size();
}

bool add_number(std::string_view line, LoadResult& sum) {
  const std::string_view name = take_word(line);
  std::uint64_t number = 0;
  if (!parse(line, number)) return false;
  const auto nanoseconds = Duration(static_cast<std::int64_t>(number));
  if (name == "duration") {
    sum.duration = std::max(sum.duration, nanoseconds);
  } else if (name == "longest-turn") {
    sum.longest_turn = std::max(sum.longest_turn, nanoseconds);
  } else if (name == "cpu-share") {
    sum.cpu_share = std::max(sum.cpu_share, static_cast<double>(number) / share_unit);
  } else {
    const auto found = std::ranges::find(counts, name, &Count::name);
    if (found == counts.end()) return false;
    sum.*(found->member) += number;
  }
  return true;
}

bool add_histogram(std::string_view line, LoadResult& sum) {
  const auto found = std::ranges::find(distributions, take_word(line), &Distribution::name);
  if (found == distributions.end()) return false;
  const auto histogram = Histogram::from_text(line);
  if (!histogram) return false;
  (sum.*(found->member)).merge(*histogram);
  return true;
}

bool add_error(std::string_view line, LoadResult& sum) {
  std::uint64_t count = 0;
  const std::size_t tab = line.find('\t');
  if (!parse(take_word(line), count) || tab == line.npos) return false;
  const std::size_t end = line.find('\t');
  LoadError& error = sum.errors[unescaped(line.substr(0, end))];
  if (error.count == 0) error.first_example = unescaped(line.substr(end + 1));
  error.count += count;
  return true;
}

void add_text_number(std::string& text, std::string_view name, std::uint64_t number) {
  text += "number " + std::string(name) + " " + std::to_string(number) + "\n";
}

}  // namespace

std::string result_text(const LoadResult& result) {
  std::string text;
  for (const Count& count : counts) add_text_number(text, count.name, result.*(count.member));
  add_text_number(text, "duration", static_cast<std::uint64_t>(result.duration.count()));
  add_text_number(text, "longest-turn",
                  static_cast<std::uint64_t>(std::max(result.longest_turn, 0ns).count()));
  add_text_number(text, "cpu-share", static_cast<std::uint64_t>(std::llround(result.cpu_share * share_unit)));
  for (const Distribution& distribution : distributions) {
    text += "histogram " + std::string(distribution.name) + " " + (result.*(distribution.member)).to_text() +
            "\n";
  }
  for (const auto& [name, error] : result.errors) {
    text += "error " + std::to_string(error.count) + " " + escaped(name) + "\t" +
            escaped(error.first_example) + "\n";
  }
  if (result.is_bottleneck) text += "bottleneck " + escaped(result.bottleneck_reason) + "\n";
  if (result.interrupted) text += "interrupted\n";
  return text;
}

bool add_result_line(std::string_view line, LoadResult& sum) {
  const std::string_view kind = take_word(line);
  if (kind == "number") return add_number(line, sum);
  if (kind == "histogram") return add_histogram(line, sum);
  if (kind == "error") return add_error(line, sum);
  if (kind == "interrupted") return sum.interrupted = true;
  if (kind != "bottleneck") return false;
  if (!sum.is_bottleneck) sum.bottleneck_reason = unescaped(line);
  return sum.is_bottleneck = true;
}

}  // namespace reactord::load

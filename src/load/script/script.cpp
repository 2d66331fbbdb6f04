#include "load/script/script.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/suggestion.hpp"
#include "load/script/diagnostic.hpp"
#include "load/script/file.hpp"
#include "load/script/lexer.hpp"
#include "load/script/script_flow.hpp"
#include "load/script/script_values.hpp"

namespace reactord::load {
namespace {

using Kind = ScriptStep::Kind;

constexpr unsigned most_weight = 1'000'000;
constexpr std::uint64_t most_rounds = 1'000'000'000;

// A word that may begin a line.
struct StepName {
  std::string_view name;
  Kind kind;
  std::size_t least, most;  // number of arguments
  std::string_view example;
};
constexpr std::array<StepName, 13> step_names{{
    {"send", Kind::send, 1, 1, R"(send "get {seq}\n")"},
    {"expect", Kind::expect, 1, 1, R"(expect "Server: get {seq}\n")"},
    {"expect-line", Kind::expect_line, 0, 1, R"(expect-line, or expect-line "ERR ")"},
    {"expect-end", Kind::expect_end, 0, 0, "expect-end"},
    {"sleep", Kind::sleep, 1, 1, "sleep 10ms"},
    {"half-close", Kind::half_close, 0, 0, "half-close"},
    {"reset", Kind::reset, 0, 0, "reset"},
    {"close", Kind::close, 0, 0, "close"},
    {"connect", Kind::connect, 0, 0, "connect"},
    {"slow-read", Kind::slow_read, 1, 1, "slow-read 1KiB/s"},
    {"trickle", Kind::trickle, 3, 3, R"(trickle 1 1s "hello\n")"},
    {"repeat", Kind::repeat, 1, 1, "repeat 10, or repeat forever"},
    {"end", Kind::end, 0, 0, "end"},
}};

class ScriptParser {
 public:
  ScriptParser(std::string_view name, const std::string& folder) : folder_(folder) { script_.name = name; }

  std::expected<Script, ScriptError> parse(std::string_view text) {
    const Checked parsed = lines(text);
    if (parsed) return std::move(script_);
    return std::unexpected(script_.error_at(parsed.error().line, parsed.error().column, parsed.error().what));
  }

 private:
  Checked lines(std::string_view text) {
    static constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.size() > most_script_bytes) {
      return std::unexpected(
          Diagnostic{"the script is longer than 1MiB: long texts go into {file:PATH}", 1, 1});
    }
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    for (line_ = 1; !text.empty(); ++line_) {
      const std::size_t newline = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, newline);
      text.remove_prefix(std::min(newline + 1, text.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      const auto cut = cut_words(line, words_);
      if (!cut) return std::unexpected(Diagnostic{cut.error().what, line_, cut.error().column});
      if (words_.empty()) continue;
      Checked parsed = statement();
      if (!parsed) return parsed;
    }
    if (script_.scenarios.empty()) {
      return std::unexpected(
          Diagnostic{R"(the script has no steps: write at least one, as in send "hello\n")", 1, 1});
    }
    return finish_scenario();
  }

  Checked statement() {
    const Word& first = words_.front();
    if (first.is_string) return wrong(first, "a string where a step begins: write send before it");
    if (first.text == "option") return option();
    if (first.text == "mix") return mix();
    const auto step = std::ranges::find(step_names, first.text, &StepName::name);
    if (step == step_names.end()) return unknown(first);
    const std::size_t arguments = words_.size() - 1;
    if (arguments < step->least) {
      return wrong(first, std::string(step->name) + " needs " + (step->least > 1 ? "more" : "an argument") +
                              ": write " + std::string(step->example));
    }
    if (arguments > step->most) {
      const Word& extra = words_[step->most + 1];
      return wrong(extra, quoted_word(extra.text) + " is too much for " + std::string(step->name) +
                              ": write " + std::string(step->example) + ", and one step a line");
    }
    return add_step(*step);
  }

  Checked unknown(const Word& word) const {
    std::vector<std::string_view> names{"option", "mix"};
    for (const StepName& step : step_names) names.push_back(step.name);
    return wrong(word, "unknown step " + quoted_word(word.text) + ", " + suggestion(word.text, names));
  }

  Checked option() {
    const Word& first = words_.front();
    if (!script_.scenarios.empty())
      return wrong(first, "options stand on top, before mix and the first step");
    if (words_.size() < 2) return wrong(first, "option needs a name: write option connections 100");
    if (words_.size() > 3) return wrong(words_[3], "option takes one value: write option connections 100");
    const Word& name = words_[1];
    if (name.is_string || name.text.starts_with('-')) {
      return wrong(name,
                   "write the name of the option without quotes and dashes, as in option connections 100");
    }
    ScriptOption option{std::string(name.text), "", line_, name.column};
    if (words_.size() == 3) option.value = words_[2].text;
    script_.options.push_back(std::move(option));
    return {};
  }

  Checked mix() {
    const Word& first = words_.front();
    if (words_.size() != 2)
      return wrong(words_[words_.size() < 2 ? 0 : 2], "mix takes one number: write mix 3");
    const auto weight = script_count(words_[1].text, most_weight);
    if (words_[1].is_string || !weight)
      return wrong(words_[1], weight ? "write the number without quotes" : weight.error());
    if (!script_.scenarios.empty() && !has_mix_) {
      return wrong(first,
                   "mix begins a scenario, but steps stand before the first: write a mix above them too");
    }
    if (has_mix_) {
      Checked finished = finish_scenario();
      if (!finished) return finished;
    }
    has_mix_ = true;
    mix_line_ = line_;
    flow_ = ScriptFlow();
    script_.scenarios.push_back({static_cast<unsigned>(*weight), {}});
    return {};
  }

  Checked finish_scenario() const {
    const std::vector<ScriptStep>& steps = script_.scenarios.back().steps;
    if (steps.empty())
      return std::unexpected(Diagnostic{"this mix has no steps: write them below it", mix_line_, 1});
    return flow_.finish(steps);
  }

  Checked add_step(const StepName& name) {
    ScriptStep step;
    step.kind = name.kind;
    step.line = line_;
    step.column = words_.front().column;
    Checked filled = fill(step, name);
    if (!filled) return filled;
    if (script_.scenarios.empty()) script_.scenarios.emplace_back();
    return flow_.add(std::move(step), script_.scenarios.back().steps);
  }

  Checked fill(ScriptStep& step, const StepName& name) {
    if (words_.size() == 1) return {};
    const Word& first = words_[1];
    switch (step.kind) {
      case Kind::send:
      case Kind::expect:
      case Kind::expect_line:
        return set_text(step, first, name);
      case Kind::sleep:
        return set(step.duration, first, script_duration(first.text));
      case Kind::slow_read:
        return set(step.count, first, script_rate(first.text));
      case Kind::repeat:
        return set_rounds(step, first);
      default:
        return set_trickle(step, name);
    }
  }

  template <typename Value>
  Checked set(Value& into, const Word& word, const ScriptValue<Value>& quantity) const {
    if (word.is_string) return wrong(word, "write it without quotes");
    if (!quantity) return wrong(word, quantity.error());
    into = *quantity;
    return {};
  }

  Checked set_rounds(ScriptStep& step, const Word& word) const {
    if (word.text == "forever" && !word.is_string) return {};
    auto rounds = script_count(word.text, most_rounds);
    if (!rounds) rounds = std::unexpected(rounds.error() + ", or forever");
    return set(step.count, word, rounds);
  }

  Checked set_trickle(ScriptStep& step, const StepName& name) {
    Checked parsed = set(step.count, words_[1], script_size(words_[1].text, Template::most_random));
    if (parsed) parsed = set(step.duration, words_[2], script_duration(words_[2].text));
    if (parsed) parsed = set_text(step, words_[3], name);
    return parsed;
  }

  Checked set_text(ScriptStep& step, const Word& word, const StepName& name) {
    if (!word.is_string) {
      return wrong(word, quoted_word(word.text) + ": write it in quotes, as in " + std::string(name.example));
    }
    auto text = Template::parse(word.text, folder_);
    if (!text) return wrong(word.column_of(text.error().at), text.error().what);
    step.text = std::move(*text);
    // An empty text would be a request without bytes, or a reply that has arrived before it was sent.
    if (step.text.most_bytes() == 0) return wrong(word, "an empty text: write at least one byte");
    texts_ += step.text.most_bytes();
    if (texts_ > most_script_texts)
      return wrong(word, "all texts together are longer than 256MiB from here on");
    return {};
  }

  std::unexpected<Diagnostic> wrong(const Word& word, std::string what) const {
    return wrong(word.column, std::move(what));
  }
  std::unexpected<Diagnostic> wrong(unsigned column, std::string what) const {
    return std::unexpected(Diagnostic{std::move(what), line_, column});
  }

  const std::string& folder_;
  Script script_;
  ScriptFlow flow_;  // of the last scenario
  std::vector<Word> words_;
  std::size_t texts_ = 0;  // bytes of all texts
  unsigned line_ = 0, mix_line_ = 0;
  bool has_mix_ = false;
};

}  // namespace

ScriptError Script::error_at(unsigned line, unsigned column, std::string_view what) const {
  return name + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + std::string(what);
}

std::expected<Script, ScriptError> parse_script(std::string_view name, std::string_view text,
                                                const std::string& folder) {
  return ScriptParser(name, folder).parse(text);
}

std::expected<Script, ScriptError> read_script(const std::string& path) {
  const auto text = read_whole_file(path, most_script_bytes);
  if (!text) return std::unexpected(text.error());
  const std::size_t slash = path.rfind('/');
  return parse_script(path, *text, slash == path.npos ? "." : path.substr(0, slash + 1));
}

}  // namespace reactord::load

// Template: what is in a text, what it is filled with, and what is said where it is wrong.
#include "load/script/template.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string>

using namespace reactord;
using namespace reactord::load;
using namespace std::string_literals;

namespace {

Template parsed(std::string_view text, const std::string& folder = ".") {
  auto result = Template::parse(text, folder);
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().what));
  return std::move(*result);
}

std::string filled(const Template& text, const Template::Values& values = {}) {
  BufferPool pool;
  Buffer buffer;
  buffer.append(pool, "before ");
  text.fill(values, pool, buffer);
  CHECK(buffer.size() - 7 <= text.most_bytes());
  return std::string(buffer.view().substr(7));
}

std::string filled(std::string_view text, const Template::Values& values = {}) {
  return filled(parsed(text), values);
}

// "at: what" of a text that is wrong.
std::string wrong(std::string_view text, const std::string& folder = ".") {
  const auto result = Template::parse(text, folder);
  REQUIRE_FALSE(result.has_value());
  return std::to_string(result.error().at) + ": " + result.error().what;
}

class Folder {
 public:
  Folder() {
    std::string name = "/tmp/load-template-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << bytes;
  }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("a template without holes is its text, escapes resolved") {
  const Template text = parsed(R"(a\n\r\t\0\\\"\x7f\xFf{{b}c)");
  CHECK_FALSE(text.has_holes());
  CHECK(text.text() == "a\n\r\t\0\\\"\x7f\xff{b}c"s);
  CHECK(filled(text) == text.text());
  CHECK(text.most_bytes() == text.text().size());
  CHECK(Template().text().empty());
  CHECK(filled(Template()).empty());
  CHECK(filled("").empty());
}

TEST_CASE("the numbers of request and connection fill their holes") {
  CHECK(filled("{seq}", {}) == "0");
  CHECK(filled("get {seq} of {conn}, {seq}\\n", {17, 3, 1}) == "get 17 of 3, 17\n");
  constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
  CHECK(filled("{seq}{conn}", {largest, largest, 1}) == "1844674407370955161518446744073709551615");
  CHECK(parsed("{seq}").has_holes());
}

TEST_CASE("what is random follows from the values and the number of the letter alone") {
  const Template::Values values{.sequence = 7, .connection = 2, .seed = 1};
  const std::string letters = filled("{rand:25}", values);
  CHECK(letters.size() == 25);
  CHECK(std::ranges::all_of(letters, [](unsigned char letter) { return std::isalnum(letter) != 0; }));
  CHECK(filled("{rand:25}", values) == letters);
  CHECK(filled("Server: get {rand:25} {seq}", values) == "Server: get " + letters + " 7");
  CHECK(filled("{rand:3}-{rand:1}{seq}{rand:21}", values) ==
        letters.substr(0, 3) + "-" + letters[3] + "7" + letters.substr(4));
  CHECK(filled("{rand:25}", {8, 2, 1}) != letters);
  CHECK(filled("{rand:25}", {7, 3, 1}) != letters);
  CHECK(filled("{rand:25}", {7, 2, 2}) != letters);
  CHECK(filled("{rand:25}", {2, 7, 1}) != letters);
}

TEST_CASE("all 62 letters and digits are about as frequent") {
  std::map<char, int> counts;
  for (const char letter : filled("{rand:62000}")) ++counts[letter];
  CHECK(counts.size() == 62);
  for (const auto& [letter, count] : counts) {
    CAPTURE(letter);
    CHECK(count > 850);  // five standard deviations
    CHECK(count < 1160);
  }
}

TEST_CASE("texts in a row, filled as runs, are those filled one by one") {
  for (const char* written : {"a {seq}\\n", "{seq}", "{conn}", "x", "", "{seq}{seq} {conn}-{seq}.",
                              "{rand:7} {seq}", "{conn} {seq} and what comes after it\\n"}) {
    const Template pattern = *Template::parse(written, ".");
    for (const std::uint64_t start : {0ULL, 7ULL, 95ULL, 9'998ULL, 18'446'744'073'709'551'395ULL}) {
      BufferPool pool;
      Buffer one_by_one, runs;
      std::uint64_t longest = 0;
      for (std::uint64_t done = 0; done < 205;) {
        Template::Values values{start + done, 12, 3};
        const std::size_t run = pattern.run_length(values, 205 - done);
        REQUIRE(run >= 1);
        REQUIRE(run <= 205 - done);
        pattern.fill_run(values, run, pool, runs);
        for (std::size_t i = 0; i < run; ++i, ++values.sequence) pattern.fill(values, pool, one_by_one);
        done += run;
        longest = std::max<std::uint64_t>(longest, run);
      }
      CHECK(runs.view() == one_by_one.view());
      if (std::string_view(written).contains("rand")) CHECK(longest == 1);
      if (!std::string_view(written).contains("seq") && !std::string_view(written).contains("rand"))
        CHECK(longest == 205);
    }
  }
}

TEST_CASE("a file's bytes are part of the text as they are") {
  const Folder folder;
  const std::string bytes = "{seq} \\n \0 \xff"s;
  folder.write("body", bytes);
  const Template text = parsed("<{file:body}>", folder.path());
  CHECK_FALSE(text.has_holes());
  CHECK(text.text() == "<" + bytes + ">");
  CHECK(parsed("{file:" + folder.path() + "/body}", "/nowhere").text() == bytes);
}

TEST_CASE("a wrong template says what is wrong, where, and what would be right") {
  CHECK(wrong(R"(ab\q)") == R"(2: unknown escape "\q": write \n \r \t \0 \\ \" or \xHH)");
  CHECK(wrong(R"(ab\)") == R"(2: a \ at the end: write \n \r \t \0 \\ \" or \xHH)");
  CHECK(wrong(R"(\x)") == R"(0: \x needs two hexadecimal digits, as in \x7f)");
  CHECK(wrong(R"(\x7)") == R"(0: \x needs two hexadecimal digits, as in \x7f)");
  CHECK(wrong(R"(\x7g)") == R"(0: \x needs two hexadecimal digits, as in \x7f)");
  CHECK(wrong(R"(\033[1m)") ==
        R"(0: octal numbers are no escapes: write \xHH, \x00 for a NUL before a digit)");
  CHECK(wrong("a {") == "2: { begins a hole that has no }: write {{ for a brace");
  CHECK(wrong("{seq} {sqe}") == R"(6: unknown hole "sqe", did you mean {seq}?)");
  CHECK(wrong("{random:3}") == R"(0: unknown hole "random", did you mean {rand:N}?)");
  CHECK(wrong(R"({"key": 1})").starts_with("0: unknown hole"));
  CHECK(wrong(R"({"key": 1})").ends_with("write {{ for a brace"));
  CHECK(wrong("{seq:3}") == R"(0: {seq} takes no value)");
  CHECK(wrong("{rand}") == R"(0: {rand:N} with N "": write a number of bytes, as in 100, 4KiB, 1MiB)");
  CHECK(wrong("{rand:x}") == R"(0: {rand:N} with N "x": write a number of bytes, as in 100, 4KiB, 1MiB)");
  CHECK(wrong("{rand:0}") == R"(0: {rand:N} with N "0": write a number of bytes from 1 to 1048576)");
  CHECK(wrong("{rand:2MiB}") == R"(0: {rand:N} with N "2MiB": write a number of bytes from 1 to 1048576)");
  CHECK(wrong("{file:}") == "0: {file:PATH} needs a path, as in {file:body.txt}");
  CHECK(wrong("a{file:none}", "/nowhere") == "1: {file:PATH}: /nowhere/none: No such file or directory");
  CHECK(wrong("a{file:tmp}", "/") == "1: {file:PATH}: //tmp: is no regular file");
}

TEST_CASE("a template has bounds: of a hole, of a file, of the whole") {
  CHECK(filled("{rand:1MiB}").size() == 1024 * 1024);
  std::string many;
  for (int count = 0; count < 65; ++count) many += "{rand:1MiB}";
  CHECK(wrong(many) == "704: the text is longer than 64MiB from here on");
  const Folder folder;
  folder.write("sparse", "");
  std::filesystem::resize_file(folder.path() + "/sparse", Template::most_file + 1);
  CHECK(wrong("{file:sparse}", folder.path()) ==
        "0: {file:PATH}: " + folder.path() + "/sparse: is longer than 65536KiB");
}

TEST_CASE("filling takes no storage but the buffer's") {
  const Template text = parsed("get {seq} {conn} {rand:16}\\n");
  BufferPool pool;
  Buffer buffer;
  for (std::uint64_t sequence = 0; sequence < 1000; ++sequence) {
    text.fill({sequence, 1, 1}, pool, buffer);
    CHECK(buffer.capacity() == 256);
    buffer.clear();
  }
  CHECK(pool.bytes_idle() == 256);
}

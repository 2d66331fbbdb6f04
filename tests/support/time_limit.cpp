// Ends the test program when a test hangs, and says which: a hung test must fail, not wait for somebody.
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

namespace {

constexpr unsigned seconds_per_test = 60;
const char* running_test = "";

void write_text(const char* text) {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) return;  // nobody can be told
}

void give_up(int) {
  write_text("a test has not ended within 60 s: ");
  write_text(running_test);
  write_text("\n");
  ::_exit(1);
}

struct TimeLimit : doctest::IReporter {
  explicit TimeLimit(const doctest::ContextOptions&) { std::signal(SIGALRM, give_up); }

  void test_case_start(const doctest::TestCaseData& test) override {
    running_test = test.m_name;
    ::alarm(seconds_per_test);
  }
  void test_case_end(const doctest::CurrentTestCaseStats&) override { ::alarm(0); }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

}  // namespace

REGISTER_LISTENER("time-limit", 1, TimeLimit);

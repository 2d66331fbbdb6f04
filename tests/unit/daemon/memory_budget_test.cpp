// The budget of memory: whose limits bound the buffers, and what is said where they do not fit.
#include "daemon/memory_budget.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "support/process.hpp"

using reactord::buffers_that_fit;
using reactord::find_memory_limit;
using reactord::MemoryLimit;

namespace {

constexpr std::size_t mebibyte = 1024 * 1024, standard = 256 * mebibyte, max_line = 64 * 1024;
constexpr MemoryLimit of_128_mebibytes{128 * mebibyte, "ulimit -v"};

// The files of a hierarchy of control groups: each group and what its memory.max says; none where that is empty.
class Groups {
 public:
  void add(const std::string& group, const std::string& most) {
    const std::string folder = directory_.path("cgroup" + group);
    std::filesystem::create_directories(folder);
    if (!most.empty()) std::ofstream(folder + "/memory.max") << most << '\n';
  }
  // The limit found by a process in `group`; 0: none.
  std::size_t limit_of(const std::string& membership) {
    const std::string file = directory_.path("membership");
    std::ofstream(file) << membership;
    const auto limit = find_memory_limit(directory_.path("cgroup"), file);
    return limit ? limit->bytes : 0;
  }

 private:
  test::TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("of a control group and those above it the smallest memory.max holds") {
  Groups groups;
  groups.add("", "");
  groups.add("/system", "1000000");
  groups.add("/system/web", "max");
  groups.add("/system/web/one", "2000000");
  groups.add("/system/web/two", "500000");
  groups.add("/other", "");
  CHECK(groups.limit_of("0::/system/web/one\n") == 1000000);
  CHECK(groups.limit_of("0::/system/web/two\n") == 500000);
  CHECK(groups.limit_of("0::/system/web\n") == 1000000);
  CHECK(groups.limit_of("12:memory:/elsewhere\n1:name=systemd:/x\n0::/system\n") == 1000000);
  CHECK(groups.limit_of("0::/other\n") == 0);
  CHECK(groups.limit_of("0::/gone\n") == 0);
  CHECK(groups.limit_of("0::/\n") == 0);
  CHECK(groups.limit_of("12:memory:/system\n") == 0);
  CHECK(groups.limit_of("") == 0);
  groups.add("", "300000");  // the root of a container's own namespace is a group like any other
  CHECK(groups.limit_of("0::/\n") == 300000);
  CHECK(groups.limit_of("0::/system/web/one\n") == 300000);
}

TEST_CASE("half of the limit is for buffers: the standard is lowered to that, more is refused with the sum") {
  CHECK(*buffers_that_fit(std::nullopt, std::nullopt, standard, max_line, "") == standard);
  CHECK(*buffers_that_fit(std::nullopt, 512 * mebibyte, standard, max_line, "") == 512 * mebibyte);
  CHECK(*buffers_that_fit(of_128_mebibytes, std::nullopt, standard, max_line, "") == 64 * mebibyte);
  CHECK(*buffers_that_fit(of_128_mebibytes, 64 * mebibyte, standard, max_line, "") == 64 * mebibyte);
  CHECK(*buffers_that_fit(of_128_mebibytes, 0, standard, max_line, "") == 0);
  CHECK(*buffers_that_fit(MemoryLimit{1024 * mebibyte, ""}, std::nullopt, standard, max_line, "") ==
        standard);
  CHECK(
      buffers_that_fit(of_128_mebibytes, 65 * mebibyte, standard, max_line, "--max-buffers 65MiB").error() ==
      "--max-buffers 65MiB: 134217728 bytes of memory are to be had (ulimit -v), half of that is for "
      "buffers: at "
      "most 64MiB fit; or raise the limit");
  CHECK(
      buffers_that_fit(MemoryLimit{100 * 1024, "ulimit -v"}, std::nullopt, standard, max_line, "").error() ==
      "max-buffers: 102400 bytes of memory are to be had (ulimit -v), half of that is for buffers: 50KiB are "
      "less "
      "than one line may have, which is 64KiB (max-line): raise the limit");
}

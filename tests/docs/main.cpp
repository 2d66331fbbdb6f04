// docs: holds that the blocks which pages take from the table of settings are what the table says.
//
//     docs         says which are not, and exits 1
//     docs write   writes them, as make docs does
//
// It reads and writes below the working directory.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "docs/blocks.hpp"

namespace {

enum class Purpose { check, write };

int complain(const docs::Block& block, const std::string& what) {
  std::fprintf(stderr, "%s: block \"%.*s\": %s\n", block.file, static_cast<int>(block.name.size()),
               block.name.data(), what.c_str());
  return 1;
}

int settle(const docs::Block& block, Purpose purpose) {
  std::ifstream file(block.file, std::ios::binary);
  if (!file) return complain(block, "cannot be read");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const auto made = docs::with_block(page, block.name, block.text());
  if (!made) return complain(block, made.error());
  if (*made == page) return 0;
  if (purpose == Purpose::check)
    return complain(block, "is not what the table of settings says: run make docs");
  std::ofstream written(block.file, std::ios::binary | std::ios::trunc);
  written << *made << std::flush;
  if (!written) return complain(block, "cannot be written");
  std::printf("%s\n", block.file);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const bool writes = argc == 2 && std::string_view(argv[1]) == "write";
  if (argc > 1 && !writes) {
    std::fputs("docs: write docs, or docs write\n", stderr);
    return 64;
  }
  int status = 0;
  for (const docs::Block& block : docs::blocks()) {
    status |= settle(block, writes ? Purpose::write : Purpose::check);
  }
  return status;
}

// Configured: a daemon with a file, whose listeners are unix sockets in the same folder. In the text, DIR stands for the
// folder with its slash, as in listen = line@unix:DIRs.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "support/process.hpp"

namespace test {

class Configured {
 public:
  explicit Configured(const std::string& text, std::vector<std::string> more = {})
      : file_(directory_.path("reactord.conf")), process_([&] {
          write(text);
          more.insert(more.begin(), {"-c", file_});
          return more;
        }()) {}

  void write(const std::string& text) const {
    std::string placed = text;
    for (std::size_t at; (at = placed.find("DIR")) != std::string::npos;)
      placed.replace(at, 3, directory_.path(""));
    write_file(file_, placed);
  }
  void reload(const std::string& text) {
    write(text);
    process_.signal(SIGHUP);
  }
  Process& process() { return process_; }
  const std::string& file() const { return file_; }
  std::string address(const std::string& name) const { return directory_.path("") + name; }

 private:
  TemporaryDirectory directory_;
  std::string file_;
  Process process_;
};

}  // namespace test

#include "daemon/configuration_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/system.hpp"
#include "base/system_files.hpp"
#include "net/socket.hpp"
#include "reactord/error.hpp"

namespace reactord {
namespace {

// Its contents, or what is wrong. Never blocks: a pipe without a writer is not accepted as a file.
Parsed<std::string> contents_of(const std::string& file) {
  const Socket opened(system::open_to_read(file.c_str()));
  if (opened.fd < 0) return std::unexpected(errno_text(-opened.fd));
  struct stat status {};
  if (::fstat(opened.fd, &status) != 0) return std::unexpected(errno_text(errno));
  if (S_ISDIR(status.st_mode)) return std::unexpected("is a directory, not a file");
  if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode)) return std::unexpected("is not a file");
  std::string text;
  // One byte more than allowed: the parser reports it.
  while (text.size() <= Configuration::longest_text) {
    char bytes[16 * 1024];
    const ssize_t count = system::read(opened.fd, bytes, sizeof bytes);
    if (count < 0) return std::unexpected(errno_text(static_cast<int>(-count)));
    if (count == 0) break;
    text.append(bytes, static_cast<std::size_t>(count));
  }
  return text;
}

void read_file(const std::string& file, Configuration& into) {
  const auto text = contents_of(file);
  if (!text) return into.add_mistake(file + ": " + text.error());
  into.read(*text, file);
  into.add_file(file, text->empty());
}

// The names of the files in `folder`, sorted. A folder that can't be read is a mistake.
std::vector<std::string> configuration_files(const std::string& folder, Configuration& into) {
  std::vector<std::string> files;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.starts_with('.') || !name.ends_with(".conf")) continue;
    if (files.size() == most_configuration_files) {
      into.add_mistake(folder + ": more than " + std::to_string(most_configuration_files) + " files");
      break;
    }
    files.push_back(folder + '/' + name);
  }
  if (error && error.value() != ENOENT) into.add_mistake(folder + ": " + errno_text(error.value()));
  std::ranges::sort(files);
  return files;
}

}  // namespace

Configuration read_configuration(const Program& program, const std::string& file,
                                 const std::string& instance) {
  Configuration configuration(program);
  read_file(file, configuration);
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : file.substr(0, slash + 1);
  for (const std::string& one : configuration_files(folder + "conf.d", configuration)) {
    read_file(one, configuration);
  }
  const std::string own = folder + "instances/" + instance + ".conf";
  struct stat status {};
  if (!instance.empty() && system::file_status(own.c_str(), status) != -ENOENT) {
    configuration.replace_listeners();
    read_file(own, configuration);
  }
  return configuration;
}

}  // namespace reactord

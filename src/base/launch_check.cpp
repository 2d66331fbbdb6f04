#include "base/launch_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/file_descriptor.hpp"
#include "base/system_files.hpp"

namespace reactord {
namespace {

constexpr std::string_view path_variable = "PATH=";
constexpr std::string_view usual_path = "/usr/local/bin:/usr/bin:/bin";
constexpr std::size_t longest_first_line = 256;  // that the kernel reads: BINPRM_BUF_SIZE
constexpr mode_t any_execute = S_IXUSR | S_IXGRP | S_IXOTH;

Error error_at(const char* operation, const std::string& path, int number) {
  return Error::from_errno(number).with_operation(operation, "", "", path);
}
Error fault_at(const std::string& path, std::string text) {
  return Error::invalid(std::move(text)).with_operation("exec", "", "", path);
}

// Where a relative path leads once the child is in its directory.
std::string from_directory(const Launch& launch, std::string_view path) {
  if (launch.directory.empty() || path.starts_with('/')) return std::string(path);
  return launch.directory + '/' + std::string(path);
}

// The first of several, as getenv(3) has it.
std::string_view search_path(const Launch& launch) {
  const auto is_path = [](const std::string& variable) { return variable.starts_with(path_variable); };
  const auto found = std::ranges::find_if(launch.environment, is_path);
  return found == launch.environment.end() ? usual_path
                                           : std::string_view(*found).substr(path_variable.size());
}

bool is_program(const Launch& launch, const std::string& path) {
  struct stat file {};
  if (system::followed_file_status(from_directory(launch, path).c_str(), file) < 0) return false;
  return S_ISREG(file.st_mode) && (file.st_mode & any_execute) != 0;
}

// Empty: it is in none of the directories. As in a shell, one without a name is the child's own directory.
std::string search(const Launch& launch, std::string_view name) {
  std::string_view directories = search_path(launch);
  while (true) {
    const std::size_t colon = directories.find(':');
    const std::string_view directory = directories.substr(0, colon);
    std::string path = (directory.empty() ? "." : std::string(directory)) + '/' + std::string(name);
    if (is_program(launch, path)) return path;
    if (colon == directories.npos) return {};
    directories.remove_prefix(colon + 1);
  }
}

// Empty when it can't be read, which need not keep it from being executed.
std::optional<std::string> first_bytes(const std::string& file) {
  const FileDescriptor opened(system::open_to_read(file.c_str()));
  if (!opened.is_open()) return std::nullopt;
  std::string bytes(longest_first_line, '\0');
  const ssize_t count = system::read(opened.get(), bytes.data(), bytes.size());
  if (count < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

bool is_text(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || std::isprint(byte) != 0 || std::isspace(byte) != 0;
  });
}

std::string_view cut_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(word.size());
  return word;
}

// env(1) looks for the program itself, so execve(2) succeeds without it.
std::optional<std::string> fault_of_env(const Launch& launch, std::string_view env, std::string_view words) {
  if (env != "env" && !env.ends_with("/env")) return std::nullopt;
  std::string_view wanted = cut_word(words);
  if (wanted == "-S") wanted = cut_word(words);
  const bool is_name =
      !wanted.empty() && !wanted.starts_with('-') && wanted.find_first_of("=/") == wanted.npos;
  if (!is_name || !search(launch, wanted).empty()) return std::nullopt;
  return "its interpreter " + std::string(wanted) + ", for which its first line has " + std::string(env) +
         " look, is not in PATH (" + std::string(search_path(launch)) + ')';
}

std::optional<std::string> fault_of_first_line(const Launch& launch, std::string_view line) {
  if (line.ends_with('\r'))
    return "its first line ends in a carriage return, as on Windows: save it with line feeds alone";
  const std::string_view interpreter = cut_word(line);
  if (interpreter.empty()) return "its first line names no interpreter: write one such as #!/bin/sh";
  const std::string named = "its interpreter " + std::string(interpreter) + " of the first line ";
  const std::string path = from_directory(launch, interpreter);
  struct stat file {};
  if (system::followed_file_status(path.c_str(), file) == -ENOENT) return named + "is not there";
  if (!is_program(launch, path)) return named + "is no executable file";
  return fault_of_env(launch, interpreter, line);
}

std::optional<std::string> fault_of_content(const Launch& launch, const std::string& file) {
  const auto bytes = first_bytes(file);
  if (!bytes) return std::nullopt;
  if (bytes->starts_with("#!"))
    return fault_of_first_line(launch, std::string_view(*bytes).substr(2, bytes->find('\n') - 2));
  if (!is_text(*bytes)) return std::nullopt;
  return "not an executable format: it needs a first line such as #!/bin/sh";
}

// Why the existing file is no program; empty: by what its status and its first line say, it is one.
std::optional<std::string> fault_of_file(const Launch& launch, const std::string& file, mode_t mode) {
  if (S_ISDIR(mode)) return "it is a directory";
  if (!S_ISREG(mode)) return "it is not a regular file";
  if ((mode & any_execute) == 0) return "it is not executable: chmod +x " + file;
  return fault_of_content(launch, file);
}

Result<void> check_directory(const Launch& launch) {
  if (launch.directory.empty()) return {};
  struct stat file {};
  const int found = system::followed_file_status(launch.directory.c_str(), file);
  if (found < 0) return std::unexpected(error_at("chdir", launch.directory, -found));
  if (!S_ISDIR(file.st_mode)) return std::unexpected(error_at("chdir", launch.directory, ENOTDIR));
  if (launch.user || system::may_execute(launch.directory.c_str())) return {};
  return std::unexpected(error_at("chdir", launch.directory, EACCES));
}

}  // namespace

Result<std::string> find_program(const Launch& launch) {
  if (launch.command.empty() || launch.command.front().empty())
    return std::unexpected(Error::invalid("exec: the command is empty: write a program, and its arguments"));
  const std::string& name = launch.command.front();
  if (name.contains('/')) return name;
  std::string found = search(launch, name);
  if (!found.empty()) return found;
  return std::unexpected(
      fault_at(name, "no program of this name in PATH (" + std::string(search_path(launch)) + ')'));
}

Error exec_error(const Launch& launch, const std::string& path, int number) {
  const std::string file = from_directory(launch, path);
  struct stat status {};
  const bool is_there = system::followed_file_status(file.c_str(), status) == 0;
  const bool file_says_why = number == ENOENT || number == EACCES || number == ENOEXEC || number == ELOOP;
  if (!is_there || !file_says_why) return error_at("exec", file, number);
  if (auto fault = fault_of_file(launch, file, status.st_mode)) return fault_at(file, *std::move(fault));
  if (number == ENOEXEC) return fault_at(file, "not an executable format for this machine");
  if (number == ENOENT)
    return fault_at(file, "its program loader is not there: it was built for another system or C library");
  return error_at("exec", file, number);
}

Result<void> check_launch(const Launch& launch) {
  auto directory = check_directory(launch);
  if (!directory) return directory;
  const auto path = find_program(launch);
  if (!path) return std::unexpected(path.error());
  const std::string file = from_directory(launch, *path);
  struct stat status {};
  const int found = system::followed_file_status(file.c_str(), status);
  if (found < 0) return std::unexpected(error_at("exec", file, -found));
  auto fault = fault_of_file(launch, file, status.st_mode);
  if (fault) return std::unexpected(fault_at(file, *std::move(fault)));
  if (launch.user || system::may_execute(file.c_str())) return {};
  return std::unexpected(error_at("exec", file, EACCES));
}

}  // namespace reactord

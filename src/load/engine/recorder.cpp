#include "load/engine/recorder.hpp"

#include <cstring>
#include <utility>

#include "load/result/text.hpp"

namespace reactord::load {

std::string error_name(std::string_view phase, const Error& error) {
  std::string name(phase);
  const char* const cause = error.system_errno() != 0 ? ::strerrorname_np(error.system_errno()) : nullptr;
  if (cause != nullptr) return name + " " + cause;
  if (error.timeout()) return name + " timeout";
  if (error.is_eof()) return name + " eof";
  return name + " " + error.reason();
}

void Recorder::failed(const std::string& name, const std::string& example, std::uint64_t count) {
  LoadError& error = result_.errors[name];
  if (error.count == 0) error.first_example = printable(example);
  error.count += count;
  second_.errors += count;
}

void Recorder::add_up() {
  ended_response_ = std::exchange(result_.open_loop ? response_ : service_, Histogram());
  result_.response.merge(ended_response_);
  result_.service.merge(result_.open_loop ? service_ : ended_response_);
  service_.clear();
}

const LoadSecond& Recorder::end_second(std::uint64_t open_connections) {
  add_up();
  second_.open_connections = open_connections;
  second_.p50 = ended_response_.at(0.5);
  second_.p99 = ended_response_.at(0.99);
  second_.max = ended_response_.max();
  result_.requests += second_.requests;
  result_.seconds.push_back(std::exchange(second_, {}));
  return result_.seconds.back();
}

LoadResult Recorder::finish() {
  add_up();
  return std::move(result_);
}

}  // namespace reactord::load

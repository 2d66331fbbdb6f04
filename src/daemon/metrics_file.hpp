// MetricsFile: writes the metrics to a file again and again, for the textfile collector of node_exporter.
//
//     every 15 s: make the text --> PATH.tmp --> rename to PATH        a reader sees a whole one
//
// The text is written at once: some ten kilobytes, into the memory of the kernel. A file system that hangs holds everybody up, as
// it does for the log. A failure is logged when it begins or is another one, and so is its end.
#pragma once

#include <string>
#include <string_view>

#include "daemon/control_host.hpp"
#include "daemon/log.hpp"
#include "reactord/context.hpp"
#include "reactord/event.hpp"

namespace reactord {

class MetricsFile {
 public:
  // As often as Prometheus usually asks node_exporter: nobody sees a file that is written more often.
  static constexpr Duration interval = 15s;

  MetricsFile(Reactor& reactor, ControlHost& host, Log& log) noexcept;  // all must outlive it

  // Where stop() did not come to its end, because the loop has failed, it shuts the reactor down. Not within a turn.
  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;

  // Writes `path` from now on; empty: none. A former file of another name is removed.
  void follow(const std::string& path);

  // Removes the file, and returns when nothing is written any more. Call it once.
  static Task<> stop(MetricsFile& file);

 private:
  enum class State : std::uint8_t {
    unused,   // there was no path yet: no task runs
    running,  // a task writes, or waits for the next time or path
    ended,    // the task has ended, and none is begun
  };

  static Task<> run(MetricsFile& file);
  void write(std::string_view text);
  void tell(int failure) noexcept;

  Reactor& reactor_;
  ControlHost& host_;
  Log& log_;
  State state_ = State::unused;
  std::string path_;  // empty: none
  int failure_ = 0;   // errno of the last write; 0: it was written
  Context going_;     // done when it is to end
  Event changed_;     // the path is another one, or it is to end
  Event task_ended_;
};

}  // namespace reactord

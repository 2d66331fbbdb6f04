// ServiceStatus: the line that "systemctl status" shows, kept current. While nothing changes, nothing is sent and no
// timer runs: an idle daemon makes no wake-ups.
#pragma once

#include <string>

#include "daemon/notify.hpp"

namespace reactord {

class ServiceStatus final : Timer {
 public:
  using Text = std::function<std::string()>;  // returns the current text

  ServiceStatus(Reactor& reactor, Notifier& notifier, Text text);  // the first two must outlive it
  ~ServiceStatus();

  void ready() { notifier_.ready(text_()); }  // what was promised is served, again after a reload

  // Reports that the text may have changed: the manager hears of it within a second.
  void changed() {
    if (notifier_.is_heard() && !is_armed()) reactor_.arm(*this, reactor_.now() + Notifier::status_interval);
  }

 private:
  void on_timer() override;

  Reactor& reactor_;
  Notifier& notifier_;
  Text text_;
};

std::string count_text(std::size_t count, const char* thing);  // "1 connection", "2 connections"

}  // namespace reactord

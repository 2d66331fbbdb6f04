#include "daemon/service_status.hpp"

#include <new>
#include <utility>

namespace reactord {

ServiceStatus::ServiceStatus(Reactor& reactor, Notifier& notifier, Text text)
    : reactor_(reactor), notifier_(notifier), text_(std::move(text)) {}

ServiceStatus::~ServiceStatus() { reactor_.timers().cancel(*this); }

void ServiceStatus::on_timer() {
  try {
    notifier_.status(text_());
  } catch (const std::bad_alloc&) {  // the next change reports it
  }
}

std::string count_text(std::size_t count, const char* thing) {
  return std::to_string(count) + ' ' + thing + (count == 1 ? "" : "s");
}

}  // namespace reactord

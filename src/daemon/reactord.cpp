#include "daemon/reactord.hpp"

#include "protocols/table.hpp"
#include "reactord/version.hpp"

namespace reactord {

DaemonProgram reactord_program() {
  return {.name = "reactord",
          .version = REACTORD_VERSION,
          .summary = "serves line protocols to the network",
          .protocols = protocols(),
          .listen = "line@:9090"};
}

}  // namespace reactord

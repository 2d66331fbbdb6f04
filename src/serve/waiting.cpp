#include "serve/waiting.hpp"

#include <utility>

#include "serve/admission.hpp"

namespace reactord {

Waiting::Waiting(Admission& by, Service& of, Conn accepted, AddressTable::Entry& at)
    : admission(by), service(of), conn(std::move(accepted)), entry(at) {
  admission.reactor_.work_began();
}

Waiting::~Waiting() {
  admission.reactor_.timers().cancel(*this);
  admission.reactor_.work_ended();
}

void Waiting::on_timer() { admission.turn_came(*this); }

}  // namespace reactord

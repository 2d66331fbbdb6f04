#include "daemon/programs.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <new>
#include <utility>

namespace reactord {

Programs::Programs(Reactor& reactor, Server& server, ProgramObserver& observer) noexcept
    : reactor_(reactor), server_(server), observer_(observer), ending_(reactor) {}

Programs::~Programs() { reactor_.timers().cancel(*this); }

void Programs::prepare(const std::vector<ProgramSettings>& wanted) {
  for (const ProgramSettings& settings : wanted) {
    if (One* const one = find_one(settings.name)) {
      if (one->state == State::retired) one->state = State::revived;
      continue;
    }
    One& made = all_.emplace_back(ProgramHost{reactor_, observer_, reserve_}, settings);
    try {
      made.program.start();
    } catch (const std::bad_alloc&) {
      all_.pop_back();
      throw;
    }
  }
}

void Programs::abandon() noexcept {
  std::erase_if(all_, [](const One& one) { return one.state == State::fresh; });
  for (One& one : all_) {
    if (one.state == State::revived) one.state = State::retired;
  }
}

void Programs::follow(const std::vector<ProgramSettings>& wanted) {
  for (One& one : all_) {
    if (one.state == State::stopping) continue;
    const auto found = std::ranges::find(wanted, one.name(), &ProgramSettings::name);
    if (found == wanted.end()) {
      one.state = State::retired;
      continue;
    }
    const bool is_as_made = one.state == State::fresh && one.program.settings() == *found;
    if (!is_as_made) one.program.change(*found);
    one.state = State::serving;
  }
  look_after_retired();
}

StreamHandler* Programs::find(std::string_view name) noexcept {
  One* const one = find_one(name);
  return one == nullptr || one->state == State::retired ? nullptr : &one->program;
}

Programs::One* Programs::find_one(std::string_view name) noexcept {
  const auto found = std::ranges::find_if(
      all_, [name](const One& one) { return one.state != State::stopping && one.name() == name; });
  return found == all_.end() ? nullptr : &*found;
}

bool Programs::is_in_use(One& one) const {
  return one.program.connections() > 0 || server_.is_serving(one.program);
}

void Programs::look_after_retired() {
  bool is_left = false;
  for (One& one : all_) {
    if (one.state != State::retired) continue;
    if (is_in_use(one)) {
      is_left = true;
    } else {
      begin_to_stop(one);
    }
  }
  if (is_left && !is_armed()) reactor_.arm(*this, reactor_.now() + look_every);
}

void Programs::begin_to_stop(One& one) {
  ending_.spawn(end, std::ref(*this), std::ref(one));
  one.state = State::stopping;
}

Task<> Programs::end(Programs& programs, One& one) {
  Task<> stopping = one.program.stop();
  co_await std::move(stopping);
  programs.all_.remove_if([&one](const One& other) { return &other == &one; });
}

std::vector<Programs::Shown> Programs::shown() const {
  std::vector<Shown> all;
  all.reserve(all_.size());
  for (const One& one : all_) {
    const ProgramSettings& settings = one.program.settings();
    const bool is_retired = one.state == State::retired || one.state == State::revived;
    all.push_back({.name = settings.name,
                   .mode = settings.mode,
                   .state = one.state == State::stopping ? "stopping"
                            : is_retired                 ? "retired"
                                                         : "serving",
                   .workers = settings.mode == ProgramMode::worker ? settings.workers : 0,
                   .processes = one.program.processes(),
                   .connections = one.program.connections(),
                   .open_lines = one.program.open_lines(),
                   .starts = one.program.starts()});
  }
  return all;
}

void Programs::on_timer() {
  if (is_stopping_) return reactor_.shutdown();
  try {
    look_after_retired();
  } catch (const std::bad_alloc&) {  // the others wait for the next look
    reactor_.arm(*this, reactor_.now() + look_every);
  }
}

Task<> Programs::stop(Programs& programs, Time until) {
  assert(!programs.is_stopping_);
  programs.is_stopping_ = true;
  for (One& one : programs.all_) {
    if (one.state != State::stopping) programs.begin_to_stop(one);
  }
  if (!until.is_never()) programs.reactor_.arm(programs, until);
  auto ended = co_await programs.ending_.wait();
  programs.reactor_.timers().cancel(programs);
}

void Programs::end_by(Time until) {
  if (is_armed() && is_stopping_) reactor_.arm(*this, until);
}

}  // namespace reactord

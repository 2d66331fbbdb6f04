#include "serve/rejection.hpp"

#include <cassert>
#include <utility>

#include "serve/session.hpp"

namespace reactord {

class Rejection final : public Session {
 public:
  Rejection(Service& service, Conn refused, const Refusal& why, Rejections* among)
      : Session(service, std::move(refused)), why_(why), among_(among), finish_(endpoint()) {
    conn().reactor().work_began();
    if (among_ != nullptr) among_->add(*this);
  }
  ~Rejection() {
    if (among_ != nullptr) among_->remove(*this);
    conn().reactor().work_ended();
  }

  void run() {
    told_ = !killed_;
    if (told_) endpoint().say(why_.text);
    finish_.run = finished;
    finish_.state = this;
    if (finish_.await_ready()) return finished(this);
    holds();
  }

  void cut_short() noexcept {
    among_ = nullptr;
    // Bytes that arrived and were not discarded, perhaps in this turn, would turn the close into a reset.
    endpoint().forget_input();
    conn().abort();
  }

 private:
  friend class Rejections;
  friend class List<Rejection>;

  static void finished(void* rejection) {
    auto& self = *static_cast<Rejection*>(rejection);
    // A connection that was told why keeps that cause, even if sending it failed.
    const EndFacts facts{.killed = !self.told_, .decided = self.why_.cause};
    self.report_end(facts, 0, self.told_ ? self.why_.limit : std::string_view());
    delete &self;
  }

  void drain() noexcept override {}
  bool takes_place() const noexcept override { return false; }
  std::size_t buffered() const noexcept override { return output_capacity(); }
  void evict() noexcept override { conn().abort(); }

  const Refusal& why_;
  Rejections* among_;
  bool told_ = false;
  FinishOperation finish_;
  ListNode<Rejection> node_;
};

void reject(Service& service, Conn conn, const Refusal& why, Rejections* among) {
  auto* rejection = new Rejection(service, std::move(conn), why, among);  // deletes itself
  rejection->run();
}

void Rejections::add(Rejection& rejection) noexcept {
  if (size_ == Server::rejections_at_once) {
    Rejection& oldest = *rejections_.first();
    remove(oldest);
    oldest.cut_short();
  }
  rejections_.push_back(rejection);
  ++size_;
}

void Rejections::remove(Rejection& rejection) noexcept {
  assert(size_ > 0);
  rejections_.remove(rejection);
  --size_;
}

}  // namespace reactord

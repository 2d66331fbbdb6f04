// WeakReference: a pointer that becomes null when its object goes. For what may outlive an object that it reports to,
// as a Permit may its Semaphore. It owns nothing, counts nothing and allocates nothing.
//
//     object: WeakReferences { object_, first_ } --> [WeakReference] --> [WeakReference] --> null
//                                                        ^ null again, and out of the list, once the object goes
#pragma once

#include <utility>

namespace reactord {

template <typename T>
class WeakReference;

// The member of an object that can be referred to so.
template <typename T>
class WeakReferences {
 public:
  explicit WeakReferences(T& object) noexcept : object_(object) {}  // `object` is what this is a member of
  WeakReferences(const WeakReferences&) = delete;
  WeakReferences& operator=(const WeakReferences&) = delete;
  ~WeakReferences() {
    while (first_ != nullptr) first_->reset();
  }

 private:
  friend class WeakReference<T>;
  T& object_;
  WeakReference<T>* first_ = nullptr;
};

template <typename T>
class WeakReference {
 public:
  WeakReference() noexcept = default;
  explicit WeakReference(WeakReferences<T>& of) noexcept { refer_to(of); }
  WeakReference(WeakReference&& other) noexcept { take(other); }
  WeakReference& operator=(WeakReference&& other) noexcept {
    if (this == &other) return *this;
    reset();
    take(other);
    return *this;
  }
  ~WeakReference() { reset(); }

  T* get() const noexcept { return of_ == nullptr ? nullptr : &of_->object_; }
  void reset() noexcept {
    if (of_ == nullptr) return;
    (previous_ == nullptr ? of_->first_ : previous_->next_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    of_ = nullptr;
  }

 private:
  void refer_to(WeakReferences<T>& of) noexcept {
    of_ = &of;
    previous_ = nullptr;
    next_ = of.first_;
    if (next_ != nullptr) next_->previous_ = this;
    of.first_ = this;
  }
  void take(WeakReference& other) noexcept {
    if (other.of_ == nullptr) return;
    refer_to(*other.of_);
    other.reset();
  }

  WeakReferences<T>* of_ = nullptr;  // null when it refers to nothing, or the object is gone
  WeakReference* next_ = nullptr;    // meaningful while of_ is not null, as previous_ is
  WeakReference* previous_ = nullptr;
};

}  // namespace reactord

// List and OrderedList: intrusive doubly linked lists. Linking allocates nothing, and every operation takes constant
// time.
//
//     List            [first_] ----> [T: next_] ----> [T: next_] ----> null
//                        ^-- previous_ --|  ^-- previous_ --|
//
//     OrderedList     the same, and end_ points to the last next_, or to first_ when it is empty
//
// A node's previous_ is the pointer that points to its object: so an object leaves a List without knowing which one it
// is in. A List costs one pointer, an OrderedList two, a node two.
//
// The objects belong to others. One that is linked must neither move nor end. A T is in one list at a time, has a
// member `ListNode<T> node_`, and declares List<T> a friend if that is private. T may be incomplete where a list of it
// is a member.
//
// A loop over first() and next() may add objects in front of the present one. The present one may leave once
// next() of it has been asked for; the next one must stay.
#pragma once

#include <cassert>

namespace reactord {

template <typename T>
class List;

template <typename T>
class ListNode {
 public:
  ListNode() noexcept = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;

  bool is_linked() const noexcept { return previous_ != nullptr; }

 private:
  friend class List<T>;
  T* next_ = nullptr;
  T** previous_ = nullptr;  // null when in no list
};

template <typename T>
class List {
 public:
  List() noexcept = default;
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  bool is_empty() const noexcept { return first_ == nullptr; }
  T* first() const noexcept { return first_; }                             // null when it is empty
  static T* next(const T& object) noexcept { return object.node_.next_; }  // null after the last
  void push_front(T& object) noexcept { link(object, &first_); }           // `object` must be in no list
  static void remove(T& object) noexcept {  // from the List that `object` must be in
    assert(object.node_.is_linked() && "only an object that is in a list leaves it");
    *object.node_.previous_ = object.node_.next_;
    if (object.node_.next_ != nullptr) object.node_.next_->node_.previous_ = object.node_.previous_;
    object.node_.previous_ = nullptr;
  }

  // Checks that each object's previous_ points to what points to it. For tests.
  bool check() const noexcept {
    T* const* from = &first_;
    for (; *from != nullptr; from = &(*from)->node_.next_) {
      if ((*from)->node_.previous_ != from) return false;
    }
    return true;
  }

 protected:
  static T** place_of(T& object) noexcept { return object.node_.previous_; }
  static T** place_behind(T& object) noexcept { return &object.node_.next_; }
  static void link(T& object, T** place) noexcept {
    assert(!object.node_.is_linked() && "an object is in one list at a time");
    object.node_.next_ = *place;
    object.node_.previous_ = place;
    if (*place != nullptr) (*place)->node_.previous_ = &object.node_.next_;
    *place = &object;
  }
  T* first_ = nullptr;
};

// A List that can also be added to at its end. Only its own remove() takes an object out of it.
template <typename T>
class OrderedList : List<T> {
 public:
  using List<T>::first, List<T>::is_empty, List<T>::next;

  void push_back(T& object) noexcept {  // `object` must be in no list
    List<T>::link(object, end_);
    end_ = List<T>::place_behind(object);
  }
  // `later` must be in this list, `object` in none.
  void insert_before(T& later, T& object) noexcept { List<T>::link(object, List<T>::place_of(later)); }
  void remove(T& object) noexcept {  // `object` must be in this list
    if (end_ == List<T>::place_behind(object)) end_ = List<T>::place_of(object);
    List<T>::remove(object);
  }
  bool check() const noexcept {
    T* const* end = &this->first_;
    while (*end != nullptr) end = List<T>::place_behind(**end);
    return end == end_ && List<T>::check();
  }

 private:
  T** end_ = &this->first_;
};

}  // namespace reactord

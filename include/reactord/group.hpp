// Group: LineConnections that are spoken to together: a chat room, the subscribers of a topic.
//
//     Group ---> [Membership] <---> [Membership] <---> ...      each lies in an object of the user's, and names its
//                     |                   |                     connection
//                     v                   v
//               LineConnection      LineConnection
//
//     class Guest final : public LineConnection {
//       explicit Guest(Group& room) : room_(room) {}
//       void on_open(Reply&) override { here_.join(room_); }
//       void on_line(std::string_view line, Reply&) override { room_.broadcast(line, "\n"); }
//       Group& room_;
//       Membership here_{*this};
//     };
//
// A Membership leaves its Group when it ends, and a Group lets all go when it ends: neither has to outlive the other. A
// connection may have a Membership in any number of groups. Everything belongs to the loop's thread.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "reactord/buffer.hpp"
#include "reactord/line_connection.hpp"
#include "reactord/list.hpp"

namespace reactord {

class Group;

class Membership {
 public:
  // `connection` must outlive it: it is usually a member of it.
  explicit Membership(LineConnection& connection) noexcept : connection_(connection) {}
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;
  ~Membership() { leave(); }

  void join(Group& group) noexcept;  // leaves the Group that it is in
  void leave() noexcept;             // no effect when it is in none
  Group* group() const noexcept { return group_; }
  LineConnection& connection() const noexcept { return connection_; }

 private:
  friend class Group;
  friend class List<Membership>;
  LineConnection& connection_;
  Group* group_ = nullptr;  // null when it is in none
  ListNode<Membership> node_;
};

class Group {
 public:
  Group() noexcept = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group();

  std::size_t size() const noexcept { return size_; }

  // Sends the parts, one after the other, to every member, all of them or none to each: LineConnection::push(). What the
  // kernel takes at once is not copied for each member; the rest waits in the member's output. Members come in the
  // reverse order of their joining. Each hears the broadcasts of one group in their order. Result: the number of members
  // that it was sent to, or waits for. Throws std::bad_alloc when there is no memory to put the parts together: then
  // nobody is sent anything.
  template <typename... Parts>
  std::size_t broadcast(const Parts&... parts) {
    return broadcast_to_all(nullptr, {std::string_view(parts)...});
  }
  // The same to all but one.
  template <typename... Parts>
  std::size_t broadcast_except(const LineConnection& except, const Parts&... parts) {
    return broadcast_to_all(&except, {std::string_view(parts)...});
  }

  // Decides on a broadcast for which a member has no room, from now on. At first Overflow::end.
  void set_overflow(Overflow overflow) noexcept { overflow_ = overflow; }

  // Calls `visit(LineConnection&)` for each member, the last that has joined first. It may leave, but no other.
  template <typename Visit>
  void for_each(Visit visit) {
    for (Membership* member = members_.first(); member != nullptr;) {
      Membership* const next = List<Membership>::next(*member);
      visit(member->connection());
      member = next;
    }
  }

 private:
  friend class Membership;
  std::size_t broadcast_to_all(const LineConnection* except, std::initializer_list<std::string_view> parts);

  List<Membership> members_;
  std::size_t size_ = 0;
  Overflow overflow_ = Overflow::end;
};

}  // namespace reactord

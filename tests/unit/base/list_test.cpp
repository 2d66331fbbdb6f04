// The intrusive lists, held to a std::list over random operations.
#include "reactord/list.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <list>
#include <random>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

using reactord::List;
using reactord::ListNode;
using reactord::OrderedList;

namespace {

class Item {
 public:
  bool is_linked() const noexcept { return node_.is_linked(); }

 private:
  friend class List<Item>;
  ListNode<Item> node_;
};

template <typename Kind>
std::vector<const Item*> items_of(const Kind& list) {
  std::vector<const Item*> items;
  for (const Item* item = list.first(); item != nullptr; item = list.next(*item)) items.push_back(item);
  return items;
}

template <typename Kind>
bool agree(const Kind& list, const std::list<Item*>& expected) {
  return list.check() && list.is_empty() == expected.empty() &&
         std::ranges::equal(items_of(list), expected,
                            [](const Item* left, const Item* right) { return left == right; });
}

}  // namespace

TEST_CASE("list: a list costs a pointer, an ordered one and a node two") {
  CHECK(sizeof(List<Item>) == sizeof(void*));
  CHECK(sizeof(OrderedList<Item>) == 2 * sizeof(void*));
  CHECK(sizeof(ListNode<Item>) == 2 * sizeof(void*));
  CHECK_FALSE(std::is_copy_constructible_v<List<Item>>);
  CHECK_FALSE(std::is_move_constructible_v<Item>);
}

TEST_CASE("list: the last that came is the first, and an object leaves without its list") {
  std::mt19937 random(1);
  std::vector<Item> items(16);
  List<Item> lists[2];
  std::list<Item*> expected[2];
  for (int step = 0; step < 20'000; ++step) {
    Item& item = items[random() % items.size()];
    if (item.is_linked()) {
      List<Item>::remove(item);
      for (auto& of : expected) of.remove(&item);
    } else {
      const std::size_t into = random() % 2;
      lists[into].push_front(item);
      expected[into].push_front(&item);
    }
    REQUIRE(agree(lists[0], expected[0]));
    REQUIRE(agree(lists[1], expected[1]));
  }
}

TEST_CASE("list: an ordered list is added to at its end, and before any of its objects") {
  std::mt19937 random(2);
  std::vector<Item> items(16);
  OrderedList<Item> list;
  std::list<Item*> expected;
  for (int step = 0; step < 20'000; ++step) {
    Item& item = items[random() % items.size()];
    if (item.is_linked()) {
      list.remove(item);
      expected.remove(&item);
    } else if (expected.empty() || random() % 2 == 0) {
      list.push_back(item);
      expected.push_back(&item);
    } else {
      const auto later = std::next(expected.begin(), static_cast<std::ptrdiff_t>(random() % expected.size()));
      list.insert_before(**later, item);
      expected.insert(later, &item);
    }
    REQUIRE(agree(list, expected));
  }
}

TEST_CASE("list: during an iteration objects come in front, and the present one leaves") {
  std::vector<Item> items(4), others(4);
  List<Item> list;
  for (Item& item : items) list.push_front(item);
  std::size_t seen = 0;
  for (Item* item = list.first(); item != nullptr;) {
    Item& present = *item;
    item = list.next(present);
    list.push_front(others[seen++]);
    List<Item>::remove(present);
  }
  CHECK(seen == items.size());
  CHECK(list.check());
  CHECK(list.first() == &others[3]);
  for (const Item& item : items) CHECK_FALSE(item.is_linked());
}

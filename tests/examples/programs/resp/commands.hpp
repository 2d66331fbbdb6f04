// The commands, each a function of the request that appends to the answer. A collection that has become empty is removed.
#pragma once

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "../program.hpp"
#include "answer.hpp"
#include "database.hpp"
#include "request.hpp"

namespace resp {

using program::number;

inline bool is_named(std::string_view word, std::string_view name) {
  return word.size() == name.size() && ::strncasecmp(word.data(), name.data(), name.size()) == 0;
}

class Commands {
 public:
  using Command = void (Commands::*)(const Request&, Answer&);

  explicit Commands(Database& database) : database_(database) {}

  void ping(const Request& request, Answer& answer) {
    if (request.size() == 1)
      answer.simple("PONG");
    else
      answer.bulk(request[1]);
  }
  void echo(const Request& request, Answer& answer) { answer.bulk(request[1]); }
  void ok(const Request&, Answer& answer) { answer.simple("OK"); }
  void nothing(const Request&, Answer& answer) { answer.array(0); }
  void info(const Request&, Answer& answer) {
    answer.bulk("# Server\r\nredis_mode:standalone\r\n# Keyspace\r\ndb0:keys=" +
                std::to_string(database_.size()) + "\r\n");
  }
  void select(const Request& request, Answer& answer) {
    if (request[1] == "0")
      answer.simple("OK");
    else
      answer.error("ERR DB index is out of range");
  }
  void config(const Request& request, Answer& answer) {
    if (request.size() < 3 || !is_named(request[1], "GET")) {
      return answer.error("ERR only CONFIG GET is known here");
    }
    const bool is_known = request[2] == "save" || request[2] == "appendonly";  // nothing is ever saved
    answer.array(is_known ? 2 : 0);
    if (is_known) answer.bulk(request[2]);
    if (is_known) answer.bulk(request[2] == "save" ? "" : "no");
  }

  void get(const Request& request, Answer& answer) {
    const auto text = database_.find<Text>(request[1]);
    if (!text) return answer.wrong_type();
    if (*text == nullptr) return answer.nil();
    answer.bulk(**text);
  }
  void set(const Request& request, Answer& answer) {
    if (request.size() > 3) return answer.error("ERR syntax error");
    database_.put(request[1], request[2]);
    answer.simple("OK");
  }
  void mset(const Request& request, Answer& answer) {
    if (request.size() % 2 == 0) return answer.error("ERR wrong number of arguments for 'mset' command");
    for (std::size_t at = 1; at < request.size(); at += 2) database_.put(request[at], request[at + 1]);
    answer.simple("OK");
  }
  void incr(const Request& request, Answer& answer) {
    const auto text = database_.find<Text>(request[1]);
    if (!text) return answer.wrong_type();
    const auto old = *text != nullptr ? number<std::int64_t>(**text) : 0;
    if (!old) return answer.error("ERR value is not an integer or out of range");
    std::int64_t sum = 0;
    if (__builtin_add_overflow(*old, 1, &sum))
      return answer.error("ERR increment or decrement would overflow");
    database_.put(request[1], std::to_string(sum));
    answer.integer(sum);
  }
  void del(const Request& request, Answer& answer) {
    std::int64_t count = 0;
    for (std::size_t at = 1; at < request.size(); ++at) count += database_.remove(request[at]) ? 1 : 0;
    answer.integer(count);
  }
  void exists(const Request& request, Answer& answer) {
    std::int64_t count = 0;
    for (std::size_t at = 1; at < request.size(); ++at) count += database_.contains(request[at]) ? 1 : 0;
    answer.integer(count);
  }
  void dbsize(const Request&, Answer& answer) { answer.integer(static_cast<std::int64_t>(database_.size())); }
  void flushall(const Request&, Answer& answer) {
    database_.clear();
    answer.simple("OK");
  }

  void lpush(const Request& request, Answer& answer) { push(request, answer, true); }
  void rpush(const Request& request, Answer& answer) { push(request, answer, false); }
  void lpop(const Request& request, Answer& answer) { pop(request, answer, true); }
  void rpop(const Request& request, Answer& answer) { pop(request, answer, false); }
  void lrange(const Request& request, Answer& answer) {
    const auto first = number<std::int64_t>(request[2]), last = number<std::int64_t>(request[3]);
    if (!first || !last) return answer.error("ERR value is not an integer or out of range");
    const auto list = database_.find<ListOfTexts>(request[1]);
    if (!list) return answer.wrong_type();
    if (*list == nullptr) return answer.array(0);
    const auto size = static_cast<std::int64_t>((*list)->size());
    const std::int64_t begin = std::max<std::int64_t>(*first < 0 ? *first + size : *first, 0);
    const std::int64_t end = std::min(*last < 0 ? *last + size : *last, size - 1);
    answer.array(static_cast<std::size_t>(std::max<std::int64_t>(end - begin + 1, 0)));
    for (std::int64_t at = begin; at <= end; ++at) answer.bulk((**list)[static_cast<std::size_t>(at)]);
  }

  void sadd(const Request& request, Answer& answer) {
    SetOfTexts* const set = database_.make<SetOfTexts>(request[1]);
    if (set == nullptr) return answer.wrong_type();
    std::int64_t added = 0;
    for (std::size_t at = 2; at < request.size(); ++at) added += set->emplace(request[at]).second ? 1 : 0;
    answer.integer(added);
  }
  void spop(const Request& request, Answer& answer) {  // any member: not a random one
    const auto set = database_.find<SetOfTexts>(request[1]);
    if (!set) return answer.wrong_type();
    if (*set == nullptr) return answer.nil();
    answer.bulk(*(*set)->begin());
    (*set)->erase((*set)->begin());
    if ((*set)->empty()) database_.remove(request[1]);
  }

  void hset(const Request& request, Answer& answer) {
    if (request.size() % 2 != 0) return answer.error("ERR wrong number of arguments for 'hset' command");
    Map<std::string>* const hash = database_.make<Map<std::string>>(request[1]);
    if (hash == nullptr) return answer.wrong_type();
    std::int64_t added = 0;
    for (std::size_t at = 2; at < request.size(); at += 2) {
      added += hash->insert_or_assign(std::string(request[at]), request[at + 1]).second ? 1 : 0;
    }
    answer.integer(added);
  }
  void hget(const Request& request, Answer& answer) {
    const auto hash = database_.find<Map<std::string>>(request[1]);
    if (!hash) return answer.wrong_type();
    if (*hash == nullptr) return answer.nil();
    const auto field = (*hash)->find(request[2]);
    if (field == (*hash)->end()) return answer.nil();
    answer.bulk(field->second);
  }

  void zadd(const Request& request, Answer& answer) {
    if (request.size() % 2 != 0) return answer.error("ERR syntax error");
    for (std::size_t at = 2; at < request.size(); at += 2) {
      const auto score = number<double>(request[at]);
      if (!score || std::isnan(*score)) return answer.error("ERR value is not a valid float");
    }
    Sorted* const sorted = database_.make<Sorted>(request[1]);
    if (sorted == nullptr) return answer.wrong_type();
    std::int64_t added = 0;
    for (std::size_t at = 2; at < request.size(); at += 2) {
      const double score = *number<double>(request[at]);
      const auto [member, is_new] = sorted->scores.try_emplace(std::string(request[at + 1]), score);
      if (!is_new) sorted->order.erase({member->second, member->first});
      member->second = score;
      sorted->order.emplace(score, member->first);
      added += is_new ? 1 : 0;
    }
    answer.integer(added);
  }
  void zpopmin(const Request& request, Answer& answer) {
    const auto sorted = database_.find<Sorted>(request[1]);
    if (!sorted) return answer.wrong_type();
    if (*sorted == nullptr) return answer.array(0);
    const auto least = (*sorted)->order.begin();
    std::array<char, 32> digits;
    const char* const end = std::to_chars(digits.begin(), digits.end(), least->first).ptr;
    answer.array(2);
    answer.bulk(least->second);
    answer.bulk({digits.data(), end});
    (*sorted)->scores.erase(least->second);
    (*sorted)->order.erase(least);
    if ((*sorted)->order.empty()) database_.remove(request[1]);
  }

 private:
  void push(const Request& request, Answer& answer, bool in_front) {
    ListOfTexts* const list = database_.make<ListOfTexts>(request[1]);
    if (list == nullptr) return answer.wrong_type();
    for (std::size_t at = 2; at < request.size(); ++at) {
      if (in_front)
        list->emplace_front(request[at]);
      else
        list->emplace_back(request[at]);
    }
    answer.integer(static_cast<std::int64_t>(list->size()));
  }
  void pop(const Request& request, Answer& answer, bool in_front) {
    const auto list = database_.find<ListOfTexts>(request[1]);
    if (!list) return answer.wrong_type();
    if (*list == nullptr) return answer.nil();
    answer.bulk(in_front ? (*list)->front() : (*list)->back());
    if (in_front)
      (*list)->pop_front();
    else
      (*list)->pop_back();
    if ((*list)->empty()) database_.remove(request[1]);
  }

  Database& database_;
};

}  // namespace resp

#include "load/engine/exchange.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "load/result/text.hpp"

namespace reactord::load {
namespace {

constexpr std::size_t most_around = 64;  // neighbouring requests whose replies a wrong reply is compared with

}  // namespace

Exchange::Exchange(const Templates& templates, std::uint64_t connection)
    : templates_(templates), connection_(connection) {}

std::size_t Exchange::room(std::size_t most_bytes) const noexcept {
  const std::size_t fitting = std::max<std::size_t>(most_bytes / templates_.send.most_bytes(), 1);
  return std::min(templates_.depth - count_, fitting);
}

void Exchange::add_requests(Time due, Time now, std::size_t count, Buffer& into) {
  while (count > 0) {
    const Template::Values values{next_, connection_, templates_.seed};
    std::size_t run = templates_.send.run_length(values, count);
    if (templates_.expect != nullptr) run = templates_.expect->run_length(values, run);
    templates_.send.fill_run(values, run, templates_.pool, into);
    const std::size_t before = expected_.size();
    if (templates_.expect != nullptr) templates_.expect->fill_run(values, run, templates_.pool, expected_);
    push({due, now, static_cast<std::uint32_t>((expected_.size() - before) / run),
          static_cast<std::uint32_t>(run)});
    next_ += run;
    count -= run;
  }
}

void Exchange::push(const Pending& pending) {
  if (ring_.empty()) ring_.resize(std::bit_ceil(templates_.depth));
  count_ += pending.count;
  Pending& last = ring_[(first_ + used_ - 1) & (ring_.size() - 1)];
  if (used_ > 0 && last.due == pending.due && last.sent == pending.sent &&
      last.reply_size == pending.reply_size) {
    last.count += pending.count;
    return;
  }
  ring_[(first_ + used_++) & (ring_.size() - 1)] = pending;
}

std::size_t Exchange::compare(std::string_view bytes) const noexcept {
  const std::string_view expected = expected_.view();
  const std::size_t both = std::min(bytes.size(), expected.size());
  if (std::memcmp(bytes.data(), expected.data(), both) == 0) [[likely]]
    return both;
  return static_cast<std::size_t>(std::ranges::mismatch(bytes, expected).in1 - bytes.begin());
}

void Exchange::restart() noexcept {
  first_ = used_ = count_ = received_ = 0;
  expected_.clear();
}

std::string Exchange::reply_of(std::uint64_t sequence) const {
  Buffer reply;
  templates_.expect->fill({sequence, connection_, templates_.seed}, templates_.pool, reply);
  return std::string(reply.view());
}

// Says which request a wrong reply belongs to, if that request is near, whatever the depth.
std::string Exchange::meaning_of(std::string_view reply) const {
  const std::uint64_t due = next_ - count_;
  const std::uint64_t around = std::min<std::uint64_t>(templates_.depth, most_around);
  const std::uint64_t first = due > around ? due - around - 1 : 0, last = std::min(next_, due + around);
  for (std::uint64_t sequence = first; sequence < last; ++sequence) {
    if (sequence == due && count_ > 0) continue;
    if (!reply.starts_with(reply_of(sequence))) continue;
    const std::string whose = ", which is the reply to request " + std::to_string(sequence);
    return whose + (sequence < due ? ": it came twice" : ": one was lost, or they are out of order");
  }
  return "";
}

void Exchange::explain(std::string_view rest) {
  if (count_ == 0) return explain_unexpected(rest);
  const std::uint64_t due = next_ - count_;
  const std::string expected = reply_of(due);
  std::string reply = expected.substr(0, received_) + std::string(rest.substr(0, rest.find('\n') + 1));
  if (!rest.contains('\n')) reply += rest;
  mismatch_ = "connection " + std::to_string(connection_) + ", request " + std::to_string(due) +
              ": expected " + quoted_bytes(expected) + ", got " + quoted_bytes(reply) + meaning_of(reply);
}

void Exchange::explain_unexpected(std::string_view reply) {
  mismatch_ = "connection " + std::to_string(connection_) + ": got " + quoted_bytes(reply) +
              " when every request had its reply";
  if (templates_.expect != nullptr) mismatch_ += meaning_of(reply);
}

}  // namespace reactord::load

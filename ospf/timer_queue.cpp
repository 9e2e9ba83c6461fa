#include "ospf/timer_queue.h"

#include <cassert>

#include "ospf/base/heap.h"

namespace wgospf::ospf {

std::string_view to_string(TimerKind kind) {
  switch (kind) {
    case TimerKind::hello:
      return "hello";
    case TimerKind::inactivity:
      return "inactivity";
    case TimerKind::dd_retransmit:
      return "dd-retransmit";
    case TimerKind::request_retransmit:
      return "request-retransmit";
    case TimerKind::exchange_patience:
      return "exchange-patience";
    case TimerKind::update_retransmit:
      return "update-retransmit";
    case TimerKind::own_lsas:
      return "own-lsas";
    case TimerKind::delayed_ack:
      return "delayed-ack";
    case TimerKind::flood_pace:
      return "flood-pace";
    case TimerKind::lsa_age:
      return "lsa-age";
    case TimerKind::lsa_repeat:
      return "lsa-repeat";
    case TimerKind::originate:
      return "originate";
    case TimerKind::first_origination:
      return "first-origination";
    case TimerKind::spf:
      return "spf";
    case TimerKind::spf_learn:
      return "spf-learn";
    case TimerKind::spf_hold_down:
      return "spf-hold-down";
    case TimerKind::nssa_translator:
      return "nssa-translator";
    case TimerKind::shutdown:
      return "shutdown";
  }
  return "unknown";
}

std::uint32_t TimerQueue::find(TimerKey key) const {
  return index_.find(hash_value(key), [&](std::uint32_t slot) { return slots_[slot].key() == key; });
}

void TimerQueue::arm(TimerKey key, Instant at) {
  std::uint32_t slot = find(key);
  if (slot != kNone) return restore(slots_[slot].position, Node{at, order_++, slot});
  assert(heap_.size() < kMost);
  slot = slots_.allocate();
  slots_[slot].a = key.a;
  slots_[slot].b = key.b;
  slots_[slot].kind = key.kind;
  index_.insert(hash_value(key), slot, [this](std::uint32_t s) { return hash_value(slots_[s].key()); });
  heap_.emplace_back();
  sift_up(static_cast<std::uint32_t>(heap_.size() - 1), Node{at, order_++, slot});
}

void TimerQueue::arm_no_later(TimerKey key, Instant at) {
  const auto present = deadline(key);
  if (!present || *present > at) arm(key, at);
}

void TimerQueue::cancel(TimerKey key) {
  const std::uint32_t slot = find(key);
  if (slot != kNone) remove(slot);
}

std::optional<Instant> TimerQueue::deadline(TimerKey key) const {
  const std::uint32_t slot = find(key);
  if (slot == kNone) return std::nullopt;
  return heap_[slots_[slot].position].at;
}

std::optional<std::pair<Instant, TimerKey>> TimerQueue::next() const {
  if (heap_.empty()) return std::nullopt;
  return std::pair{heap_.front().at, slots_[heap_.front().slot].key()};
}

std::optional<TimerKey> TimerQueue::pop_due(Instant now) {
  if (heap_.empty() || heap_.front().at > now) return std::nullopt;
  const std::uint32_t slot = heap_.front().slot;
  const TimerKey key = slots_[slot].key();
  remove(slot);
  return key;
}

void TimerQueue::remove(std::uint32_t slot) {
  const std::uint32_t position = slots_[slot].position;
  index_.erase(hash_value(slots_[slot].key()), slot,
               [this](std::uint32_t s) { return hash_value(slots_[s].key()); });
  slots_.release(slot);
  const Node last = heap_.back();
  heap_.pop_back();
  if (position < heap_.size()) restore(position, last);
}

void TimerQueue::place(std::uint32_t position, const Node& node) {
  heap_[position] = node;
  slots_[node.slot].position = position & (kMost - 1);
}

/// Puts `node` where `position` was, and moves it to where it belongs.
void TimerQueue::restore(std::uint32_t position, const Node& node) {
  if (position > 0 && before(node, heap_[(position - 1) / 4])) return sift_up(position, node);
  sift_down(position, node);
}

void TimerQueue::sift_up(std::uint32_t position, const Node& node) {
  heap_sift_up(heap_, position, node, before,
               [this](std::size_t at, const Node& moved) { place(static_cast<std::uint32_t>(at), moved); });
}

void TimerQueue::sift_down(std::uint32_t position, const Node& node) {
  heap_sift_down(heap_, position, node, before,
                 [this](std::size_t at, const Node& moved) { place(static_cast<std::uint32_t>(at), moved); });
}

}  // namespace wgospf::ospf

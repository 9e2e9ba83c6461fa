#include "ospf/route/forwarding_addresses.h"

#include <cassert>
#include <utility>
#include <variant>

namespace wgospf::ospf {

std::uint32_t ForwardingAddresses::acquire(const IpAddress& address, std::uint32_t scope,
                                           const WayTo& way_to) {
  const auto [at, is_new] = by_address_.try_emplace({address, scope}, kNoSlot);
  if (is_new) {
    at->second = records_.allocate();
    records_[at->second].address = address;
    records_[at->second].scope = scope;
    records_[at->second].way = way_to(address, scope);
  }
  ++records_[at->second].references;
  return at->second;
}

void ForwardingAddresses::release(std::uint32_t slot) {
  assert(records_[slot].references > 0);
  if (--records_[slot].references > 0) return;
  by_address_.erase({records_[slot].address, records_[slot].scope});
  records_.release(slot);
}

auto ForwardingAddresses::first_covered(const IpPrefix& prefix) const -> ByAddress::const_iterator {
  const IpAddress first = std::visit([](const auto& own) { return IpAddress{own.address}; }, prefix);
  const auto at = by_address_.lower_bound({first, 0});
  return at != by_address_.end() && contains(prefix, at->first.first) ? at : by_address_.end();
}

void ForwardingAddresses::mark_covered_dirty(const IpPrefix& prefix) {
  for (auto at = first_covered(prefix); at != by_address_.end() && contains(prefix, at->first.first); ++at)
    if (!std::exchange(records_[at->second].is_dirty, true)) dirty_.push_back(at->second);
}

void ForwardingAddresses::mark_subnet_dirty(const IpPrefix& subnet) {
  if (first_covered(subnet) != by_address_.end()) dirty_subnets_.insert(subnet);
}

bool ForwardingAddresses::resolve_one(std::uint32_t slot, const WayTo& way_to) {
  Record& record = records_[slot];
  record.is_dirty = false;
  if (record.references == 0) return false;
  const Way way = way_to(record.address, record.scope);
  record.way_changed = !(way == record.way);
  record.way = way;
  return record.way_changed;
}

bool ForwardingAddresses::resolve(bool all, const WayTo& way_to) {
  if (all ? empty() && !has_dirty() : !has_dirty()) return false;
  for (const IpPrefix& subnet : dirty_subnets_) mark_covered_dirty(subnet);
  dirty_subnets_.clear();
  bool any = false;
  if (all) {
    for (const auto& [address, slot] : by_address_) any |= resolve_one(slot, way_to);
  } else {
    for (const std::uint32_t slot : dirty_) any |= resolve_one(slot, way_to);
  }
  dirty_.clear();
  return any;
}

void ForwardingAddresses::clear_changes() {
  for (const auto& [address, slot] : by_address_) records_[slot].way_changed = false;
}

void ForwardingAddresses::renumber(const std::vector<ListId>& numbers) {
  for (const auto& [address, slot] : by_address_) records_[slot].way.list = numbers[records_[slot].way.list];
}

void ForwardingAddresses::measure(Footprint& footprint) const {
  footprint.held("forwarding-addresses", records_.size());
  footprint.held("forwarding-addresses.by-address", by_address_.size());
  footprint.held("forwarding-addresses.dirty", dirty_.size() + dirty_subnets_.size());
  footprint.room("forwarding-addresses.slots", records_.end());
}

}  // namespace wgospf::ospf

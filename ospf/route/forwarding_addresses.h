#pragma once
// The forwarding addresses that externals name, and the ways to them (RFC 2328 section 16.4 step 3).

#include <cassert>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "net/ip.h"
#include "ospf/footprint.h"
#include "ospf/route/boundary_routers.h"
#include "ospf/slot_pool.h"

namespace wgospf::ospf {

template <class Address>
class ForwardingAddresses {
 public:
  struct Record {
    Address address{};
    std::uint32_t references = 0;  ///< offers; 0: a free record
    Way way;
    bool way_changed = false;
    bool is_dirty = false;
  };

  /// Finds or makes the record and adds a reference. `way_to(address)` is asked for a new one.
  template <class WayTo>
  [[nodiscard]] std::uint32_t acquire(const Address& address, WayTo&& way_to) {
    const auto [at, is_new] = by_address_.try_emplace(address, kNoSlot);
    if (is_new) {
      at->second = records_.allocate();
      records_[at->second].address = address;
      records_[at->second].way = way_to(address);
    }
    ++records_[at->second].references;
    return at->second;
  }
  void release(std::uint32_t slot) {
    assert(records_[slot].references > 0);
    if (--records_[slot].references > 0) return;
    by_address_.erase(records_[slot].address);
    records_.release(slot);
  }

  [[nodiscard]] const Record& operator[](std::uint32_t slot) const { return records_[slot]; }
  [[nodiscard]] bool empty() const { return by_address_.empty(); }
  [[nodiscard]] bool has_dirty() const { return !dirty_.empty() || all_dirty_; }
  void mark_all_dirty() { all_dirty_ = !empty(); }
  /// What is said of this prefix within the AS changed. Costs the addresses that it covers.
  void mark_covered_dirty(const Prefix<Address>& prefix) {
    for (auto at = by_address_.lower_bound(prefix.address);
         at != by_address_.end() && prefix.contains(at->first); ++at)
      if (!std::exchange(records_[at->second].is_dirty, true)) dirty_.push_back(at->second);
  }
  /// Looks for the ways of `all`, or of the dirty ones. True when one changed.
  template <class WayTo>
  bool resolve(bool all, WayTo&& way_to) {
    bool any = false;
    const auto resolve_one = [&](std::uint32_t slot) {
      Record& record = records_[slot];
      record.is_dirty = false;
      if (record.references == 0) return;
      const Way way = way_to(record.address);
      record.way_changed = !(way == record.way);
      any |= record.way_changed;
      record.way = way;
    };
    if (all || all_dirty_) {
      for (const auto& [address, slot] : by_address_) resolve_one(slot);
    } else {
      for (const std::uint32_t slot : dirty_) resolve_one(slot);
    }
    dirty_.clear();
    all_dirty_ = false;
    return any;
  }
  void clear_changes() {
    for (const auto& [address, slot] : by_address_) records_[slot].way_changed = false;
  }

  template <class Mark>
  void for_each_list(Mark&& mark) const {
    for (const auto& [address, slot] : by_address_) mark(records_[slot].way.list);
  }
  /// Lists have been renumbered.
  void renumber(const std::vector<ListId>& numbers) {
    for (const auto& [address, slot] : by_address_)
      records_[slot].way.list = numbers[records_[slot].way.list];
  }
  void measure(Footprint& footprint) const {
    footprint.held("forwarding-addresses", records_.size());
    footprint.held("forwarding-addresses.by-address", by_address_.size());
    footprint.held("forwarding-addresses.dirty", dirty_.size());
    footprint.room("forwarding-addresses.slots", records_.end());
  }

 private:
  SlotPool<Record, 4> records_;
  std::map<Address, std::uint32_t> by_address_;
  std::vector<std::uint32_t> dirty_;
  bool all_dirty_ = false;
};

}  // namespace wgospf::ospf

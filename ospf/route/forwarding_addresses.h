#pragma once
// The forwarding addresses that externals name, and the ways to them (RFC 2328 section 16.4 step 3): any within
// the AS, or within the NSSA alone that says them (RFC 3101 section 2.5 step 3). A scope is that of BoundaryRouters.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "net/ip.h"
#include "ospf/base/footprint.h"
#include "ospf/base/slot_pool.h"
#include "ospf/route/boundary_routers.h"

namespace wgospf::ospf {

class ForwardingAddresses {
 public:
  struct Record {
    IpAddress address;
    std::uint32_t scope = kAsScope;
    std::uint32_t references = 0;  ///< offers; 0: a free record
    Way way;
    bool way_changed = false;
    bool is_dirty = false;
  };

  /// Looks for the way to an address.
  using WayTo = std::function<Way(const IpAddress& address, std::uint32_t scope)>;
  /// Finds or makes the record and adds a reference. `way_to` is asked for a new one.
  [[nodiscard]] std::uint32_t acquire(const IpAddress& address, std::uint32_t scope, const WayTo& way_to);
  void release(std::uint32_t slot);

  [[nodiscard]] const Record& operator[](std::uint32_t slot) const { return records_[slot]; }
  [[nodiscard]] bool empty() const { return by_address_.empty(); }
  [[nodiscard]] bool has_dirty() const { return !dirty_.empty() || !dirty_subnets_.empty(); }
  /// What is said of this prefix within the AS changed. Costs the addresses that it covers.
  void mark_covered_dirty(const IpPrefix& prefix);
  /// A link of the root on this subnet changed. Many links of one device cost the addresses that it covers
  /// once.
  void mark_subnet_dirty(const IpPrefix& subnet);
  /// Looks for the ways of `all`, or of the dirty ones. True when one changed.
  bool resolve(bool all, const WayTo& way_to);
  void clear_changes();

  template <class Mark>
  void for_each_list(Mark&& mark) const {
    for (const auto& [address, slot] : by_address_) mark(records_[slot].way.list);
  }
  /// Lists have been renumbered.
  void renumber(const std::vector<ListId>& numbers);
  void measure(Footprint& footprint) const;

 private:
  [[nodiscard]] bool resolve_one(std::uint32_t slot, const WayTo& way_to);
  using ByAddress = std::map<std::pair<IpAddress, std::uint32_t>, std::uint32_t>;  ///< by address and scope
  /// The first that the prefix covers; the end when it covers none.
  [[nodiscard]] ByAddress::const_iterator first_covered(const IpPrefix& prefix) const;

  SlotPool<Record, 4> records_;
  ByAddress by_address_;
  std::vector<std::uint32_t> dirty_;
  std::set<IpPrefix> dirty_subnets_;
};

}  // namespace wgospf::ospf

#pragma once
// The state that the parts of an instance share (flooding, adjacencies, origination), and the few helpers
// that all of them need. Data only: who may change what is written at each part.

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "ospf/area.h"
#include "ospf/base/random.h"
#include "ospf/config.h"
#include "ospf/event.h"
#include "ospf/followup.h"
#include "ospf/info.h"
#include "ospf/interface.h"
#include "ospf/lsdb.h"
#include "ospf/neighbor_table.h"
#include "ospf/opaque.h"
#include "ospf/opaque_tlvs.h"
#include "ospf/output.h"
#include "ospf/timer_queue.h"
#include "ospf/version.h"

namespace wgospf::ospf {

/// The databases whose LSAs go out of a link, and that a neighbour on it is described, in this order: of the
/// link, of its area and, where the area takes such LSAs, of the AS.
class ScopeDomains {
 public:
  constexpr void add(std::uint32_t domain) { domains_[count_++] = domain; }
  [[nodiscard]] constexpr std::size_t size() const { return count_; }
  [[nodiscard]] constexpr std::uint32_t operator[](std::size_t i) const { return domains_[i]; }
  [[nodiscard]] constexpr const std::uint32_t* begin() const { return domains_.data(); }
  [[nodiscard]] constexpr const std::uint32_t* end() const { return domains_.data() + count_; }

 private:
  std::array<std::uint32_t, 3> domains_{};
  std::size_t count_ = 0;
};

/// The life of an instance. Lifecycle says what it does in each phase, and is the only one to change it.
enum class Phase : std::uint8_t {
  waiting,  ///< it originates nothing; what a former run has said comes back meanwhile
  running,
  leaving,  ///< what it originated is being flushed
  ended,    ///< ShutdownComplete was told; nothing happens any more
};

struct Core {
  static constexpr std::uint32_t kAsDomain = 0;
  static constexpr std::uint32_t kNoDomain = 0xffffffff;

  const Version& version;
  InstanceConfig config;
  Instant now;
  Phase phase = Phase::waiting;
  std::uint64_t salt;  ///< of tables by LSA keys
  Random random;
  TimerQueue timers;
  Statistics statistics;
  bool is_border_router = false;  ///< as the links are that the route calculation knows; written by Routing
  std::vector<Area> areas;
  std::map<DeviceId, Device> devices;  ///< heard of, or with a link
  std::map<LinkId, std::unique_ptr<Interface>> interfaces;
  Requests requests{statistics.requested, statistics.requested_bytes, salt};
  NeighborTable neighbors;  ///< of all interfaces
  FloodLog flood_log;
  std::vector<std::unique_ptr<Domain>> domains;  ///< [0] is the AS scope
  std::deque<PendingOutput> outputs;
  std::deque<Followup> followups;
  std::set<AreaId> dirty_areas;  ///< what their router-LSA of ours says may differ
  /// Whose router-LSAs have a say in the cost of which links; written by LinkCosts.
  std::map<RouterId, std::set<LinkId>> cost_says;
  std::set<LinkId> dirty_links;         ///< and what the route calculation knows of these
  bool left_out = false;                ///< neighbours may describe again what there was no room for
  std::set<std::uint32_t> new_domains;  ///< of links and areas configured since our LSAs were last asked for
  /// Opaque LSAs of others, of the types that the driver asked for, that came, changed or left in this turn.
  std::set<std::pair<OpaqueName, RouterId>> changed_opaque;
  bool opaque_validity_changed = false;  ///< who is a neighbour, or which routers are reachable
  NeighborSet waiting;                   ///< those with a Database Description put off
  NeighborSet exchanging;  ///< those in Exchange or Loading; kept by Adjacency::set_neighbor_state
  struct DropTold {
    Instant at;
    std::uint64_t untold = 0;  ///< since then
  };
  std::map<std::pair<LinkId, DropReason>, DropTold> drops_told;

  Core(const Version& v, InstanceConfig c, std::uint64_t seed, Instant start)
      : version(v), config(std::move(c)), now(start), salt(Random::salt(seed)), random(seed) {
    domains.push_back(std::make_unique<Domain>(salt));
  }

  [[nodiscard]] bool is_leaving() const { return phase >= Phase::leaving; }
  [[nodiscard]] Domain& domain(std::uint32_t index) { return *domains[index]; }
  [[nodiscard]] LsdbEntry& entry(LsaRef ref) { return domains[ref.domain]->lsdb[ref.slot]; }
  [[nodiscard]] const LsdbEntry& entry(LsaRef ref) const { return domains[ref.domain]->lsdb[ref.slot]; }
  /// Is it still the database's instance there?
  [[nodiscard]] bool is_present(LsaRef ref, const Lsa& lsa) {
    return domain(ref.domain).lsdb.is_occupied(ref.slot) && entry(ref).lsa.is_same_as(lsa);
  }
  [[nodiscard]] bool is_ours(const LsaKey& key) const { return key.advertising_router == config.router_id; }
  /// A summary-LSA of ours: what we say elsewhere of our own routes.
  [[nodiscard]] bool is_own_summary(const LsaKey& key) const {
    return (key.type == LsaType::summary_network || key.type == LsaType::summary_asbr) && is_ours(key);
  }
  /// Our router-LSA of some area.
  [[nodiscard]] bool is_own_router_lsa(const LsaKey& key) const {
    return key.type == LsaType::router && is_ours(key);
  }
  /// Into `areas`; their number where there is none of this id.
  [[nodiscard]] std::uint32_t area_index(AreaId id) const {
    const auto it =
        std::find_if(areas.begin(), areas.end(), [&](const Area& area) { return area.id() == id; });
    return static_cast<std::uint32_t>(it - areas.begin());
  }
  /// The area that a configured interface is in.
  [[nodiscard]] const Area& area_of(const Interface& interface) const { return areas[interface.area_index]; }
  /// nullptr when there is none.
  [[nodiscard]] Neighbor* find_neighbor(LinkId link, RouterId router) {
    const auto interface = interfaces.find(link);
    return interface == interfaces.end() ? nullptr : interface->second->find_neighbor(router);
  }
  [[nodiscard]] bool is_any_full() const {
    for (const auto& [link, interface] : interfaces)
      for (const auto& [id, neighbor] : interface->neighbors)
        if (neighbor->state == NeighborState::full) return true;
    return false;
  }

  [[nodiscard]] std::uint32_t add_domain(FloodingScope scope, AreaId area, LinkId link) {
    auto made = std::make_unique<Domain>(salt);
    made->scope = scope;
    made->area = area;
    made->link = link;
    for (std::uint32_t i = 0; i < domains.size(); ++i) {
      if (domains[i]->in_use) continue;
      domains[i] = std::move(made);
      new_domains.insert(i);
      return i;
    }
    domains.push_back(std::move(made));
    const auto last = static_cast<std::uint32_t>(domains.size() - 1);
    new_domains.insert(last);
    return last;
  }
  /// The database an LSA of this scope belongs to when it comes in on or goes out of `interface`; kNoDomain
  /// when its area takes none of this scope.
  [[nodiscard]] std::uint32_t domain_of(FloodingScope scope, const Interface& interface) const {
    switch (scope) {
      case FloodingScope::link:
        return interface.link_domain;
      case FloodingScope::area:
        return area_of(interface).domain;
      case FloodingScope::as:
        return area_of(interface).takes_as_scope() ? kAsDomain : kNoDomain;
      case FloodingScope::unknown:
        break;
    }
    return kNoDomain;
  }
  /// Where the LSA of this key is that goes over `interface`; slot kNone: there is none.
  [[nodiscard]] LsaRef find_lsa(const LsaKey& key, const Interface& interface) const {
    const std::uint32_t domain = domain_of(scope_of(key.type), interface);
    return {domain, domain == kNoDomain ? Lsdb::kNone : domains[domain]->lsdb.find(key)};
  }
  /// An LSA that must not come from the neighbour, whatever is in it: of a type that the area does not take
  /// (RFC 2328 section 13 step 3, RFC 3101 section 2.3, RFC 5250 section 3.1), or that the version refuses.
  /// Asked of the headers of database descriptions too (section 10.6).
  [[nodiscard]] std::optional<DropReason> refuse_lsa(const Interface& interface, const Neighbor& neighbor,
                                                     const LsaHeader& header) const {
    if (!area_of(interface).takes(header.key.type)) return DropReason::lsa_wrong_scope;
    return version.refuse_lsa(header, neighbor.dd_options);
  }
  /// The database of an opaque LSA; nullopt while its link or area is not configured.
  [[nodiscard]] std::optional<std::uint32_t> domain_of(const OpaqueName& name) const {
    if (name.scope == FloodingScope::as) return kAsDomain;
    if (name.scope == FloodingScope::area) {
      const std::uint32_t index = area_index(name.area);
      return index < areas.size() ? std::optional(areas[index].domain) : std::nullopt;
    }
    const auto it = interfaces.find(name.link);
    return it == interfaces.end() ? std::nullopt : std::optional(it->second->link_domain);
  }
  /// An LSA came, changed or left. For opaque ones that the driver is told of.
  void opaque_changed(std::uint32_t domain, const LsaKey& key) {
    const auto& types = config.opaque_types;
    if (!is_opaque(key.type) || std::find(types.begin(), types.end(), opaque_type(key)) == types.end())
      return;
    if (is_ours(key)) return;
    const Domain& in = *domains[domain];
    OpaqueName name{in.scope, {}, {}, opaque_type(key), opaque_id(key)};
    if (in.scope == FloodingScope::area) name.area = in.area;
    if (in.scope == FloodingScope::link) name.link = in.link;
    changed_opaque.emplace(name, key.advertising_router);
  }
  /// Does what is in `domain` go out on `interface`?
  [[nodiscard]] bool floods_on(std::uint32_t domain, const Interface& interface) const {
    return domain_of(domains[domain]->scope, interface) == domain;
  }

  /// The largest packet to build for a link, from the OSPF header on.
  [[nodiscard]] std::size_t packet_size_max(const Interface& interface) const {
    const std::uint32_t mtu =
        std::clamp<std::uint32_t>(interface.status().mtu, kPacketSizeMin, kPacketSizeMax);
    return mtu - version.sizes.ip_header;
  }
  /// The databases that a neighbour on `interface` is described (RFC 2328 section 10.3).
  [[nodiscard]] ScopeDomains described_domains(const Interface& interface) const {
    ScopeDomains domains_of_it;
    for (const auto scope : {FloodingScope::link, FloodingScope::area, FloodingScope::as})
      if (const std::uint32_t domain = domain_of(scope, interface); domain != kNoDomain)
        domains_of_it.add(domain);
    return domains_of_it;
  }

  /// May a neighbour's LSA of `length` bytes that is not in the database yet be stored, beside what is
  /// promised to others?
  [[nodiscard]] bool has_room(std::size_t length, std::size_t promised = 0,
                              std::size_t promised_bytes = 0) const {
    return statistics.lsdb_size + promised < config.max_lsa &&
           statistics.lsdb_bytes + promised_bytes + length <= config.max_lsa_bytes;
  }
  /// May an instance take the place of one of `former` bytes?
  [[nodiscard]] bool has_room_to_grow(std::size_t former, std::size_t length) const {
    return length <= former || statistics.lsdb_bytes - former + length <= config.max_lsa_bytes;
  }
  /// An LSA was refused for want of room.
  void database_full(Interface& interface, const IpAddress& source) {
    drop(interface, DropReason::lsa_database_full, source);
    note_database_full();
  }
  /// Told once, until there is room again.
  void note_database_full() {
    if (!std::exchange(statistics.database_full, true))
      event(DatabaseLimit{true, statistics.lsdb_size, statistics.lsdb_bytes});
  }
  /// Beside what is asked for at present, which has its place already. What is only promised may never come.
  [[nodiscard]] bool has_room_again() const {
    const auto well_below = [](std::size_t size, std::size_t limit) { return size <= limit - limit / 16; };
    const std::size_t lsas = requests.under_way(), bytes = requests.bytes_under_way();
    return has_room(0, lsas, bytes) && well_below(statistics.lsdb_size + lsas, config.max_lsa) &&
           well_below(statistics.lsdb_bytes + bytes, config.max_lsa_bytes);
  }
  /// A neighbour has sent all that it described, but for what there was no room for. Until it has, nobody knows
  /// whether the database is full.
  void note_left_out() {
    if (has_room_again())
      left_out = true;
    else
      note_database_full();
  }
  /// Call now and then while it is full. When there is room again, what was left out may be asked for.
  void check_room() {
    if (!statistics.database_full || !has_room_again()) return;
    statistics.database_full = false;
    left_out = true;
    event(DatabaseLimit{false, statistics.lsdb_size, statistics.lsdb_bytes});
  }

  /// Makes the interface a link of its device.
  void attach(Interface& interface) {
    Device& device = devices[interface.config.device];
    device.links[interface.config.link] = &interface;
    interface.device = &device;
  }
  void detach(const Interface& interface) {
    devices[interface.config.device].links.erase(interface.config.link);
    forget_if_gone(interface.config.device);
  }
  /// A device that does not exist and has no link is not kept.
  void forget_if_gone(DeviceId id) {
    const auto it = devices.find(id);
    if (it != devices.end() && it->second.links.empty() && it->second.status == DeviceStatus{})
      devices.erase(it);
  }
  /// An address of a device that has a link.
  [[nodiscard]] bool is_own_address(const IpAddress& address) const {
    return std::any_of(devices.begin(), devices.end(), [&](const auto& item) {
      return !item.second.links.empty() && item.second.status.has_address(address);
    });
  }

  /// A neighbour became or ceased to be Full or has another address, or an interface changed: links of the
  /// router-LSA and next hops may differ.
  void topology_changed(const Interface& interface) {
    dirty_areas.insert(interface.config.area);
    dirty_links.insert(interface.config.link);
  }

  /// An LSA came, changed or left. The cost of a link may depend on it (link_costs.h).
  void note_cost_told(std::uint32_t domain, const LsaKey& key) {
    const auto note = [this](LinkId link) {
      if (const auto it = interfaces.find(link); it != interfaces.end()) topology_changed(*it->second);
    };
    if (key.type == LsaType::router) {
      if (const auto links = cost_says.find(key.advertising_router); links != cost_says.end())
        for (const LinkId link : links->second) note(link);
    } else if (key.type == LsaType::opaque_link && opaque_type(key) == kOpaqueType && !is_ours(key)) {
      note(domains[domain]->link);
    }
  }

  void measure(Footprint& footprint) const {
    footprint.held("link-costs.says", cost_says.size());
    footprint.held("origination.dirty-areas", dirty_areas.size());
    footprint.held("origination.dirty-links", dirty_links.size());
    footprint.held("origination.new-domains", new_domains.size());
    footprint.held("opaque.changed", changed_opaque.size());
    footprint.held("devices", devices.size());
    for (const auto& [id, device] : devices) device.measure(footprint);
    footprint.held("areas", areas.size());
    footprint.held("interfaces", interfaces.size());
    footprint.held("outputs", outputs.size());
    footprint.held("followups", followups.size());
    footprint.held("exchanges-waiting", waiting.size());
    footprint.held("drop-events", drops_told.size());
    timers.measure(footprint);
    neighbors.measure(footprint);
    requests.measure(footprint);
    flood_log.measure(footprint);
    for (const auto& [link, interface] : interfaces) interface->measure(footprint);
    std::size_t in_use = 0;
    for (const auto& domain : domains) {
      in_use += domain->in_use ? 1 : 0;
      domain->lsdb.measure(footprint);
    }
    footprint.held("domains", in_use);
    footprint.room("domains.numbers", domains.size());
  }

  void event(Event event) { outputs.emplace_back(std::move(event)); }
  void transmit(Interface& interface, PacketType type, PacketBytes bytes) {
    ++interface.packets.sent[static_cast<std::size_t>(type)];
    ++statistics.packets.sent[static_cast<std::size_t>(type)];
    outputs.emplace_back(Transmit{interface.config.link, interface.destination(), std::move(bytes)});
  }
  template <class Body>
  void transmit_body(Interface& interface, PacketType type, const Body& body) {
    transmit(interface, type,
             std::make_shared<const std::vector<std::byte>>(
                 version.encode(config.router_id, interface.config.area, body)));
  }
  /// Counts a drop once, everywhere it is shown.
  void drop(Interface& interface, DropReason reason, const IpAddress& source, std::uint32_t value = 0) {
    (void)tell_drop(interface, reason, source, value);
  }
  /// The same; true when it was told as an event, too.
  bool tell_drop(Interface& interface, DropReason reason, const IpAddress& source, std::uint32_t value = 0) {
    ++interface.drops[reason];
    ++statistics.drops[reason];
    const auto [it, is_new] = drops_told.try_emplace({interface.config.link, reason}, DropTold{now});
    DropTold& told = it->second;
    const Duration interval = is_about_sender(reason) ? kSenderEventInterval : kDropEventInterval;
    if (!is_new && now - told.at < interval) {
      ++told.untold;
      return false;
    }
    event(Dropped{interface.config.link, reason, source, value, told.untold});
    told = {now};
    return true;
  }
  /// The link is no longer configured.
  void forget_drops(LinkId link) {
    auto it = drops_told.lower_bound({link, DropReason{}});
    while (it != drops_told.end() && it->first.first == link) it = drops_told.erase(it);
  }
};

}  // namespace wgospf::ospf

#pragma once
// A naive kernel: next hops, groups and routes in maps, with the rules that the real one has been seen to
// follow. The reconciler's tests run against it; the executor's tests show that the real one behaves the same
// way.

#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "rib/operation.h"

namespace wgospf::rib {

struct ModelRoute {
  std::uint32_t nexthop_id = 0;  // 0: foreign
  std::optional<IpAddress> source{};
  auto operator<=>(const ModelRoute&) const = default;
};

class ModelKernel {
 public:
  std::map<std::uint32_t, NexthopKey> nexthops;
  std::map<std::uint32_t, std::vector<GroupMember>> groups;
  std::map<IpPrefix, ModelRoute> routes;  // the slot of our table and metric
  std::set<IpPrefix> prepended;           // a foreign route stands first in the slot
  std::set<std::uint32_t> foreign_ids;
  std::set<std::uint32_t> down;

  Outcome execute(const Operation& operation) {
    return std::visit([this](const auto& o) { return run(o); }, operation);
  }

  /// The kernel's silent work when a device goes down.
  void link_down(std::uint32_t ifindex) {
    down.insert(ifindex);
    std::vector<std::uint32_t> gone;
    for (const auto& [id, key] : nexthops) {
      if (key.ifindex == ifindex) gone.push_back(id);
    }
    for (const std::uint32_t id : gone) remove_nexthop(id);
  }
  void link_up(std::uint32_t ifindex) { down.erase(ifindex); }

  void remove_nexthop(std::uint32_t id) {
    nexthops.erase(id);
    std::vector<std::uint32_t> empty;
    for (auto& [group, members] : groups) {
      std::erase_if(members, [id](const GroupMember& m) { return m.nexthop_id == id; });
      if (members.empty()) empty.push_back(group);
    }
    for (const std::uint32_t group : empty) remove_group(group);
  }
  void remove_group(std::uint32_t id) {
    groups.erase(id);
    std::erase_if(routes, [id](const auto& entry) { return entry.second.nexthop_id == id; });
  }

  [[nodiscard]] KernelState state() const {
    KernelState state;
    for (const auto& [id, key] : nexthops) state.nexthops.push_back({id, key});
    for (const auto& [id, members] : groups) state.groups.push_back({id, members});
    for (const auto& [prefix, route] : routes) {
      if (route.nexthop_id != 0) state.routes.push_back({prefix, route.nexthop_id, route.source});
    }
    return state;
  }

  /// Prefix -> where its packets go, as (next hop, weight), and with which source: what a user would see.
  using Path = std::pair<std::map<NexthopKey, std::uint32_t>, std::optional<IpAddress>>;
  [[nodiscard]] std::map<IpPrefix, Path> forwarding() const {
    std::map<IpPrefix, Path> result;
    for (const auto& [prefix, route] : routes) {
      if (route.nexthop_id == 0 || prepended.contains(prefix)) continue;
      Path path{{}, route.source};
      for (const GroupMember& member : groups.at(route.nexthop_id)) {
        path.first[nexthops.at(member.nexthop_id)] = member.weight;
      }
      result[prefix] = path;
    }
    return result;
  }

 private:
  [[nodiscard]] bool taken(std::uint32_t id) const {
    return nexthops.contains(id) || groups.contains(id) || foreign_ids.contains(id);
  }
  [[nodiscard]] Outcome check(const std::vector<GroupMember>& members) const {
    std::set<std::uint32_t> seen;
    if (members.empty()) return {EINVAL, "empty group"};
    for (const GroupMember& member : members) {
      if (!nexthops.contains(member.nexthop_id)) return {EINVAL, "invalid nexthop id"};
      if (!seen.insert(member.nexthop_id).second) return {EINVAL, "twice in a group"};
    }
    return {};
  }

  Outcome run(const AddNexthop& o) {
    if (taken(o.id)) return {EEXIST, {}};
    if (down.contains(o.key.ifindex)) return {ENETDOWN, "Nexthop device is not up"};
    nexthops[o.id] = o.key;
    return {};
  }
  Outcome run(const AddGroup& o) {
    if (taken(o.id)) return {EEXIST, {}};
    if (auto bad = check(o.members); bad.error != 0) return bad;
    groups[o.id] = o.members;
    return {};
  }
  Outcome run(const ReplaceGroup& o) {
    if (!groups.contains(o.id)) return {ENOENT, {}};
    if (auto bad = check(o.members); bad.error != 0) return bad;
    groups[o.id] = o.members;
    return {};
  }
  Outcome run(const AddRoute& o) {
    if (!groups.contains(o.group_id)) return {EINVAL, "Nexthop id does not exist"};
    if (routes.contains(o.prefix) || prepended.contains(o.prefix)) return {EEXIST, {}};
    routes[o.prefix] = {o.group_id, o.source};
    return {};
  }
  Outcome run(const ReplaceRoute& o) {
    if (!groups.contains(o.group_id)) return {EINVAL, "Nexthop id does not exist"};
    if (!routes.contains(o.prefix)) return {ENOENT, {}};
    if (routes[o.prefix].nexthop_id == 0 || prepended.contains(o.prefix)) overwrote_foreign = true;
    routes[o.prefix] = {o.group_id, o.source};
    return {};
  }
  Outcome run(const DeleteRoute& o) {
    const auto found = routes.find(o.prefix);
    if (found == routes.end() || found->second.nexthop_id != o.group_id) return {ESRCH, {}};
    routes.erase(found);
    return {};
  }
  Outcome run(const DeleteGroup& o) {
    if (!groups.contains(o.id)) return {ENOENT, {}};
    remove_group(o.id);
    return {};
  }
  Outcome run(const DeleteNexthop& o) {
    if (!nexthops.contains(o.id)) return {ENOENT, {}};
    remove_nexthop(o.id);
    return {};
  }

 public:
  bool overwrote_foreign = false;
};

}  // namespace wgospf::rib

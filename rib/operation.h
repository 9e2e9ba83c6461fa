#pragma once
// What is done to the kernel and what is found in it, as values: the vocabulary between the reconciler, which
// decides, and the executor, which knows netlink.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rib/desired.h"
#include "rib/report.h"

namespace wgospf::rib {

/// rtm_protocol and nh_protocol of everything ours. 188 (OSPF) is FRR's, whose zebra sweeps it at its start.
inline constexpr std::uint8_t kProtocol = 89;

/// Numbers for next hop objects; they are one space in a network namespace, shared with all other software.
struct IdRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  [[nodiscard]] constexpr bool contains(std::uint32_t id) const { return id >= first && id - first < count; }
};
/// Tables that differ by a multiple of this share their ids; TableLock keeps their daemons apart.
inline constexpr std::uint32_t kTablesWithOwnIds = 0x4000;
/// 65,536 ids high up, others for each table.
[[nodiscard]] constexpr IdRange default_id_range(std::uint32_t table) {
  return {0x40000000U | ((table % kTablesWithOwnIds) << 16), 0x10000U};
}

struct GroupMember {
  std::uint32_t nexthop_id = 0;
  std::uint32_t weight = 1;
  auto operator<=>(const GroupMember&) const = default;
};

// Creating refuses an id or a route that exists (NLM_F_EXCL), so what is foreign is never overwritten.
struct AddNexthop {
  std::uint32_t id = 0;
  NexthopKey key{};
};
struct AddGroup {
  std::uint32_t id = 0;
  SetKey set{};
  std::vector<GroupMember> members{};
};
struct ReplaceGroup {
  std::uint32_t id = 0;
  SetKey set{};
  std::vector<GroupMember> members{};
};
struct AddRoute {
  IpPrefix prefix{};
  std::uint32_t group_id = 0;
  std::optional<IpAddress> source{};
};
/// In place: no packet is lost. The kernel replaces whatever is first with this prefix and metric.
struct ReplaceRoute {
  IpPrefix prefix{};
  std::uint32_t group_id = 0;
  std::optional<IpAddress> source{};
};
/// Only a route through this very id is deleted.
struct DeleteRoute {
  IpPrefix prefix{};
  std::uint32_t group_id = 0;
};
struct DeleteGroup {
  std::uint32_t id = 0;
};
struct DeleteNexthop {
  std::uint32_t id = 0;
};
using Operation = std::variant<AddNexthop, AddGroup, ReplaceGroup, AddRoute, ReplaceRoute, DeleteRoute,
                               DeleteGroup, DeleteNexthop>;
[[nodiscard]] std::string to_string(const Operation& operation);

/// What the kernel said to an operation: 0, or an errno with the extended text if there was one.
struct Outcome {
  int error = 0;
  std::string text{};
  bool unknown = false;  ///< The answer was lost: it may have been done or not.
};

/// Objects of ours as the kernel has them: protocol 89, id in our range; routes in our table with our metric.
struct KernelNexthop {
  std::uint32_t id = 0;
  NexthopKey key{};
};
struct KernelGroup {
  std::uint32_t id = 0;
  std::vector<GroupMember> members{};
};
struct KernelRoute {
  IpPrefix prefix{};
  std::uint32_t nexthop_id = 0;
  std::optional<IpAddress> source{};
};
struct KernelState {
  std::vector<KernelNexthop> nexthops{};
  std::vector<KernelGroup> groups{};
  std::vector<KernelRoute> routes{};
  /// Former runs left something in other tables or with other metrics, too, which goes at the claim.
  bool has_more = false;
};

}  // namespace wgospf::rib

#pragma once
// Routes, next hops and rules in rtnetlink, written and read. Their byte layouts exist only here; what leaves are plain
// values.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "net/netlink.h"
#include "rib/operation.h"
#include "rib/policy_rule.h"

namespace wgospf::rib {

using netlink::MessageBuffer;

/// What all our routes have in common.
struct RouteContext {
  std::uint32_t table = 254;
  std::uint32_t metric = 110;
  IdRange ids{};
};

/// The request for an operation; `flags` is NLM_F_ACK or 0.
void encode(MessageBuffer& buffer, const Operation& operation, const RouteContext& context,
            std::uint32_t sequence, std::uint16_t flags);
/// Requests for what the kernel holds.
void encode_route_dump(MessageBuffer& buffer, Family family, std::uint32_t table, std::uint8_t protocol);
void encode_nexthop_dump(MessageBuffer& buffer);
void encode_rule_dump(MessageBuffer& buffer, Family family);

enum class RuleChange : std::uint8_t { add, remove };
/// The request that adds a rule, which is refused where there is an equal one, or removes it.
void encode_rule_change(MessageBuffer& buffer, const PolicyRule& rule, RuleChange change);

struct RouteMessage {
  bool removed = false;
  bool replaces = false;   ///< NLM_F_REPLACE: it took the place of another
  bool appended = false;   ///< NLM_F_APPEND: it stands behind those of the same prefix and metric
  bool by_kernel = false;  ///< No program asked for it
  bool cloned = false;     ///< A cache entry, not of the FIB
  bool link_dead = false;  ///< No carrier, or device down
  bool dead = false;       ///< Of these, one that the kernel does not use
  std::uint8_t tos = 0;    ///< Routes that differ in it do not compete; IPv4 only
  std::uint8_t type = 0;   ///< RTN_*
  std::uint8_t scope = 0;
  std::uint8_t protocol = 0;
  std::uint32_t table = 0;
  std::uint32_t metric = 0;
  std::uint32_t nexthop_id = 0;
  std::uint32_t ifindex = 0;  ///< Of the first next hop
  std::uint32_t sender = 0;   ///< The port of who asked for the change; mostly a process id
  IpPrefix prefix{};
  std::optional<IpAddress> gateway{};
  std::optional<IpAddress> source{};
};
struct NexthopMessage {
  bool removed = false;
  bool replaces = false;  ///< NLM_F_REPLACE: it may have taken the place of another
  std::uint8_t protocol = 0;
  std::uint32_t sender = 0;
  std::uint32_t id = 0;
  NexthopKey key{};
  bool is_group = false;
  std::vector<GroupMember> members{};
};
struct RuleMessage {
  bool removed = false;
  Family family = Family::ipv4;
  std::uint8_t protocol = 0;
  PolicyRule rule{};  ///< As far as it is of the sort that is ours
  std::uint32_t table = 0;
  bool looks_up = false;   ///< FR_ACT_TO_TBL
  bool by_l3mdev = false;  ///< The table is that of the packet's VRF
};
using Message = std::variant<RouteMessage, NexthopMessage, RuleMessage>;

/// One message, its nlmsghdr included; nullopt for kinds and families that are of no interest, or when it is
/// cut.
[[nodiscard]] std::optional<Message> decode(netlink::Bytes message);

/// Protocol 89, our table and metric, and an id of our range: ours.
[[nodiscard]] bool is_ours(const RouteMessage& route, const RouteContext& context);
[[nodiscard]] bool is_ours(const NexthopMessage& nexthop, const RouteContext& context);

}  // namespace wgospf::rib

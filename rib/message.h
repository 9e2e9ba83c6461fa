#pragma once
// rtnetlink messages, written and read. Byte layouts exist only here; what leaves are plain values.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "rib/operation.h"

namespace wgospf::rib {

/// What all our routes have in common.
struct RouteContext {
  std::uint32_t table = 254;
  std::uint32_t metric = 110;
  IdRange ids{};
};

/// Consecutive netlink messages in one buffer, as one sendmsg takes them.
class MessageBuffer {
 public:
  void clear() { bytes_.clear(); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  /// Starts a message; what is put until `end` belongs to it.
  void begin(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence);
  void end();
  /// The fixed header after nlmsghdr (rtmsg, nhmsg, ...).
  template <class Header>
  void put_header(const Header& header) {
    append(std::as_bytes(std::span(&header, 1)));
  }
  void put_attribute(std::uint16_t type, std::span<const std::byte> value);
  void put_u32(std::uint16_t type, std::uint32_t value);
  void put_address(std::uint16_t type, const IpAddress& address);

 private:
  void append(std::span<const std::byte> bytes);
  void pad();
  std::vector<std::byte> bytes_;
  std::size_t start_ = 0;
};

/// The request for an operation; `flags` is NLM_F_ACK or 0.
void encode(MessageBuffer& buffer, const Operation& operation, const RouteContext& context,
            std::uint32_t sequence, std::uint16_t flags);
/// Requests for what the kernel holds.
void encode_route_dump(MessageBuffer& buffer, Family family, std::uint32_t table, std::uint8_t protocol);
void encode_nexthop_dump(MessageBuffer& buffer);
void encode_link_dump(MessageBuffer& buffer);
void encode_rule_dump(MessageBuffer& buffer, Family family);

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
struct LinkMessage {
  bool removed = false;
  std::uint32_t ifindex = 0;
  std::uint32_t flags = 0;      ///< IFF_*
  std::uint32_t vrf_table = 0;  ///< Of a VRF device, else 0
};
struct AddressMessage {
  bool removed = false;
  IpAddress address{};
};
struct RuleMessage {
  bool removed = false;
  std::uint32_t table = 0;
  bool looks_up = false;   ///< FR_ACT_TO_TBL
  bool by_l3mdev = false;  ///< The table is that of the packet's VRF
};
using Message = std::variant<RouteMessage, NexthopMessage, LinkMessage, AddressMessage, RuleMessage>;

/// One message, its nlmsghdr included; nullopt for kinds and families that are of no interest, or when it is
/// cut.
[[nodiscard]] std::optional<Message> decode(std::span<const std::byte> message);

/// A reply to one request (NLMSG_ERROR), with the extended text when the kernel gave one.
struct Reply {
  std::uint32_t sequence = 0;
  Outcome outcome{};
};
[[nodiscard]] std::optional<Reply> decode_reply(std::span<const std::byte> message);

/// Calls `visit` with each message of a datagram, whole.
void for_each_message(std::span<const std::byte> datagram,
                      const std::function<void(std::span<const std::byte>)>& visit);
[[nodiscard]] std::uint16_t message_type(std::span<const std::byte> message);
[[nodiscard]] std::uint16_t message_flags(std::span<const std::byte> message);
[[nodiscard]] std::uint32_t message_sequence(std::span<const std::byte> message);

/// Protocol 89, our table and metric, and an id of our range: ours.
[[nodiscard]] bool is_ours(const RouteMessage& route, const RouteContext& context);
[[nodiscard]] bool is_ours(const NexthopMessage& nexthop, const RouteContext& context);

}  // namespace wgospf::rib

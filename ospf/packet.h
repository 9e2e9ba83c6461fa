#pragma once
// The five OSPF packets as values, for both versions (RFC 2328 A.3, RFC 5340 A.3): a field that only one of
// them has says so. Wire diagrams stand with the codecs (v2/codec.cpp).

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "ospf/drop_reason.h"
#include "ospf/lsa.h"
#include "ospf/types.h"

namespace wgospf::ospf {

enum class PacketType : std::uint8_t {
  hello = 1,
  database_description = 2,
  link_state_request = 3,
  link_state_update = 4,
  link_state_acknowledgment = 5,
};
[[nodiscard]] std::string_view to_string(PacketType type);

/// AuType of OSPFv2 (RFC 2328 appendix D).
enum class AuthenticationType : std::uint16_t { null = 0, simple_password = 1, cryptographic = 2 };

/// RFC 2328 A.3.1, RFC 5340 A.3.1. `checksum` and `length` are as received; an encoder computes its own.
struct PacketHeader {
  PacketType type = PacketType::hello;
  std::uint16_t length = 0;
  RouterId router_id;
  AreaId area_id;
  std::uint16_t checksum = 0;
  AuthenticationType authentication_type = AuthenticationType::null;  ///< v2
  std::array<std::byte, 8> authentication{};                          ///< v2
  std::uint8_t instance_id = 0;                                       ///< v3
};

/// Who is designated router: by its interface address (v2) or its router id (v3); all zero: none.
using DesignatedId = DottedId<struct DesignatedIdTag>;

struct Hello {
  std::uint32_t network_mask = 0;    ///< v2
  InterfaceIndex interface_id;       ///< v3
  std::uint16_t hello_interval = 0;  ///< seconds
  std::uint32_t dead_interval = 0;   ///< seconds (16 bits on the wire in v3)
  Options options;
  std::uint8_t priority = 0;
  DesignatedId designated_router;
  DesignatedId backup_designated_router;
  std::vector<RouterId> neighbors;

  bool operator==(const Hello&) const = default;
};

/// Flag bits of a Database Description packet.
struct DdFlags {
  bool init = false;
  bool more = false;
  bool master = false;
  constexpr bool operator==(const DdFlags&) const = default;
};

struct DatabaseDescription {
  std::uint16_t interface_mtu = 0;
  Options options;
  DdFlags flags;
  std::uint32_t sequence_number = 0;
  std::vector<LsaHeader> headers;

  bool operator==(const DatabaseDescription&) const = default;
};

struct LinkStateRequest {
  std::vector<LsaKey> keys;
  bool operator==(const LinkStateRequest&) const = default;
};

/// One LSA of a received update: its bytes within the packet, checked in form. When `error` is set only the
/// header may be used, and the LSA is skipped (RFC 2328 section 13 steps 1 to 3 go on with the next one).
struct ReceivedLsa {
  LsaHeader header;
  std::span<const std::byte> bytes;  ///< into the packet: valid as long as that is
  std::optional<DropReason> error;
};

struct LinkStateUpdate {
  std::vector<ReceivedLsa> lsas;
};

struct LinkStateAcknowledgment {
  std::vector<LsaHeader> headers;
  bool operator==(const LinkStateAcknowledgment&) const = default;
};

using PacketBody =
    std::variant<Hello, DatabaseDescription, LinkStateRequest, LinkStateUpdate, LinkStateAcknowledgment>;

/// A decoded packet. `trailer` is what follows the header's length (digest, LLS block).
struct Packet {
  PacketHeader header;
  PacketBody body;
  std::span<const std::byte> trailer;
};

/// Why a packet did not decode, and the offending value.
struct DecodeError {
  DropReason reason{};
  std::uint32_t value = 0;
};

using DecodeResult = std::variant<Packet, DecodeError>;

/// Immutable encoded bytes, from the OSPF header on, shared by all links they go out on.
using PacketBytes = std::shared_ptr<const std::vector<std::byte>>;

}  // namespace wgospf::ospf

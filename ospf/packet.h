#pragma once
// The five OSPF packets as values, for both versions (RFC 2328 A.3, RFC 5340 A.3). Wire diagrams stand with
// the codecs (v2/codec.cpp). Unconstrained data templates: V supplies types only.

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

template <class V>
struct Hello {
  typename V::HelloFields fields{};  ///< v2: {network_mask}; v3: {interface_id}
  std::uint16_t hello_interval = 0;  ///< seconds
  std::uint32_t dead_interval = 0;   ///< seconds (16 bits on the wire in v3)
  typename V::Options options{};
  std::uint8_t priority = 0;
  typename V::DrId designated_router{};  ///< v2: interface address; v3: router id
  typename V::DrId backup_designated_router{};
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

template <class V>
struct DatabaseDescription {
  std::uint16_t interface_mtu = 0;
  typename V::Options options{};
  DdFlags flags;
  std::uint32_t sequence_number = 0;
  std::vector<LsaHeader<V>> headers;

  bool operator==(const DatabaseDescription&) const = default;
};

template <class V>
struct LinkStateRequest {
  std::vector<LsaKey<V>> keys;
  bool operator==(const LinkStateRequest&) const = default;
};

/// One LSA of a received update: its bytes within the packet, checked in form. When `error` is set only the
/// header may be used, and the LSA is skipped (RFC 2328 section 13 steps 1 to 3 go on with the next one).
template <class V>
struct ReceivedLsa {
  LsaHeader<V> header;
  std::span<const std::byte> bytes;  ///< into the packet: valid as long as that is
  std::optional<DropReason> error;
};

template <class V>
struct LinkStateUpdate {
  std::vector<ReceivedLsa<V>> lsas;
};

template <class V>
struct LinkStateAcknowledgment {
  std::vector<LsaHeader<V>> headers;
  bool operator==(const LinkStateAcknowledgment&) const = default;
};

template <class V>
using PacketBody = std::variant<Hello<V>, DatabaseDescription<V>, LinkStateRequest<V>, LinkStateUpdate<V>,
                                LinkStateAcknowledgment<V>>;

/// A decoded packet. `trailer` is what follows the header's length (digest, LLS block).
template <class V>
struct Packet {
  typename V::PacketHeader header{};
  PacketBody<V> body;
  std::span<const std::byte> trailer;
};

/// Why a packet did not decode, and the offending value.
struct DecodeError {
  DropReason reason{};
  std::uint32_t value = 0;
};

template <class V>
using DecodeResult = std::variant<Packet<V>, DecodeError>;

/// Immutable encoded bytes, from the OSPF header on, shared by all links they go out on.
using PacketBytes = std::shared_ptr<const std::vector<std::byte>>;

}  // namespace wgospf::ospf

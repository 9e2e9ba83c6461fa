// The packets of OSPFv2 on the wire (RFC 2328 appendix A.3): bytes to values and back.
//
// A decoder here is total: any bytes give a packet or the reason why not, with the offending value. What is
// checked is form, never context: the packet's length against what arrived and against what its type needs,
// the checksum (section 8.2), and that bodies hold whole elements. Two kinds of trouble are kept apart
// (section 13): a packet whose lengths contradict each other is dropped as a whole, because nothing in it can
// be located with certainty; an LSA that is wrong in itself is marked, and the rest of its update is used.
//
// Authentication: packets of type 0 and 1 carry the Internet checksum over all but the 64-bit authentication
// field; of type 2 (cryptographic) no checksum, and the digest follows the packet (section D.4.3). Both
// decode in structure; whether the type is the one configured is the caller's question.

#include <bit>
#include <cassert>
#include <cstring>

#include "ospf/checksum.h"
#include "ospf/v2/v2.h"

namespace wgospf::ospf {

namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kHeaderSize = V2::kPacketHeaderSize;
constexpr std::size_t kChecksumOffset = 12;
constexpr std::size_t kRequestSize = 12;
constexpr std::size_t kPacketSizeLimit = 0xffff;

constexpr std::uint8_t kDdMaster = 0x01, kDdMore = 0x02, kDdInit = 0x04;

/// What a packet of `type` needs at least, header included.
constexpr std::size_t minimum_size(PacketType type) {
  switch (type) {
    case PacketType::hello:
      return kHeaderSize + 20;
    case PacketType::database_description:
      return kHeaderSize + 8;
    case PacketType::link_state_update:
      return kHeaderSize + 4;
    default:
      return kHeaderSize;
  }
}

DecodeError error(DropReason reason, std::size_t value) {
  return {reason, static_cast<std::uint32_t>(value)};
}

// RFC 2328 A.3.1:
//
//   +---------------+---------------+-------------------------------+
//   |  Version = 2  |     Type      |         Packet length         |
//   +---------------+---------------+-------------------------------+
//   |                           Router ID                           |
//   |                            Area ID                            |
//   +-------------------------------+-------------------------------+
//   |           Checksum            |            AuType             |
//   +-------------------------------+-------------------------------+
//   |                        Authentication                         |
//   |                           (64 bits)                           |
//   +---------------------------------------------------------------+
std::variant<PacketHeader, DecodeError> decode_header(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeaderSize) return error(DropReason::packet_too_short, bytes.size());
  const std::byte* p = bytes.data();
  if (load_u8(p) != kVersion) return error(DropReason::bad_version, load_u8(p));
  PacketHeader header;
  const std::uint8_t type = load_u8(p + 1);
  header.length = load_u16(p + 2);
  header.router_id = RouterId{load_u32(p + 4)};
  header.area_id = AreaId{load_u32(p + 8)};
  header.checksum = load_u16(p + kChecksumOffset);
  header.authentication_type = AuthenticationType{load_u16(p + 14)};
  std::memcpy(header.authentication.data(), p + 16, header.authentication.size());
  if (type < 1 || type > 5) return error(DropReason::bad_packet_type, type);
  header.type = PacketType{type};
  if (header.length > bytes.size() || header.length < minimum_size(header.type)) {
    return error(DropReason::bad_packet_length, header.length);
  }
  const bool checksummed = header.authentication_type == AuthenticationType::null ||
                           header.authentication_type == AuthenticationType::simple_password;
  if (checksummed && packet_checksum(bytes.first(header.length)) != 0) {
    return error(DropReason::bad_packet_checksum, header.checksum);
  }
  return header;
}

/// The header, with length and checksum left for finish().
// RFC 2328 A.3.1: version, type, packet length, router id, area id, checksum, AuType, authentication. Length and
// checksum are known at the end; null authentication is zeros.
Writer begin(PacketType type, RouterId router_id, AreaId area_id, std::size_t body_size) {
  Writer out(kHeaderSize + body_size);
  std::byte* header = out.grow(kHeaderSize);
  header[0] = std::byte{kVersion};
  header[1] = static_cast<std::byte>(type);
  store_u32(header + 4, router_id.value);
  store_u32(header + 8, area_id.value);
  store_u16(header + 14, static_cast<std::uint16_t>(AuthenticationType::null));
  return out;
}

std::vector<std::byte> finish(Writer&& out) {
  assert(out.size() <= kPacketSizeLimit);
  store_u16(out.at(2), static_cast<std::uint16_t>(out.size()));
  store_u16(out.at(kChecksumOffset), packet_checksum(out.bytes()));
  return out.take();
}

using BodyResult = std::variant<PacketBody, DecodeError>;

// RFC 2328 A.3.2:
//
//   +---------------------------------------------------------------+
//   |                         Network Mask                          |
//   +-------------------------------+---------------+---------------+
//   |         HelloInterval         |    Options    |    Rtr Pri    |
//   +-------------------------------+---------------+---------------+
//   |                      RouterDeadInterval                       |
//   |                       Designated Router                       |
//   |                   Backup Designated Router                    |
//   |                           Neighbor                            |
//   |                              ...                              |
//   +---------------------------------------------------------------+
BodyResult decode_hello(std::span<const std::byte> bytes) {
  Reader in(bytes);
  Hello hello;
  hello.network_mask = in.u32();
  hello.hello_interval = in.u16();
  hello.options.bits = in.u8();
  hello.priority = in.u8();
  hello.dead_interval = in.u32();
  hello.designated_router = DesignatedId{in.u32()};
  hello.backup_designated_router = DesignatedId{in.u32()};
  if (in.remaining() % 4 != 0) return error(DropReason::malformed_body, bytes.size());
  hello.neighbors.reserve(in.remaining() / 4);
  while (in.remaining() > 0) hello.neighbors.emplace_back(in.u32());
  return PacketBody{std::move(hello)};
}

/// LSA headers to the end of a packet. A header that says less than its own 20 bytes is nonsense: such a
/// packet is dropped before it can reset an adjacency.
std::optional<DecodeError> decode_headers(Reader& in, std::vector<LsaHeader>& headers) {
  if (in.remaining() % kLsaHeaderSize != 0) return error(DropReason::malformed_body, in.remaining());
  headers.reserve(in.remaining() / kLsaHeaderSize);
  while (in.remaining() > 0) {
    headers.push_back(V2::decode_lsa_header(in.take(kLsaHeaderSize)));
    if (headers.back().length < kLsaHeaderSize)
      return error(DropReason::malformed_body, headers.back().length);
  }
  return std::nullopt;
}

// RFC 2328 A.3.3:
//
//   +-------------------------------+---------------+-+-+-+-+-+-+-+-+
//   |         Interface MTU         |    Options    |0|0|0|0|0|I|M|MS
//   +-------------------------------+---------------+-+-+-+-+-+-+-+-+
//   |                      DD sequence number                       |
//   |                     LSA headers, 20 bytes each ...            |
//   +---------------------------------------------------------------+
BodyResult decode_database_description(std::span<const std::byte> bytes) {
  Reader in(bytes);
  DatabaseDescription description;
  description.interface_mtu = in.u16();
  description.options.bits = in.u8();
  const std::uint8_t flags = in.u8();
  description.flags = {
      .init = (flags & kDdInit) != 0, .more = (flags & kDdMore) != 0, .master = (flags & kDdMaster) != 0};
  description.sequence_number = in.u32();
  if (const auto wrong = decode_headers(in, description.headers)) return *wrong;
  return PacketBody{std::move(description)};
}

// RFC 2328 A.3.4, repeated:
//
//   +---------------------------------------------------------------+
//   |                            LS type                            |
//   |                         Link State ID                         |
//   |                      Advertising Router                       |
//   +---------------------------------------------------------------+
//
// LS type takes 32 bits here and 8 elsewhere: a larger value cannot name an LSA, and must not be taken for
// another one by cutting it off.
BodyResult decode_request(std::span<const std::byte> bytes) {
  if (bytes.size() % kRequestSize != 0) return error(DropReason::malformed_body, bytes.size());
  Reader in(bytes);
  LinkStateRequest request;
  request.keys.reserve(bytes.size() / kRequestSize);
  while (in.remaining() > 0) {
    const std::uint32_t type = in.u32();
    if (type > 0xff) return error(DropReason::malformed_body, type);
    const LinkStateId id{in.u32()};
    request.keys.push_back({v2::lsa_type(static_cast<std::uint8_t>(type)), id, RouterId{in.u32()}});
  }
  return PacketBody{std::move(request)};
}

// RFC 2328 A.3.5:
//
//   +---------------------------------------------------------------+
//   |                            # LSAs                             |
//   |                     LSAs, one after another ...               |
//   +---------------------------------------------------------------+
//
// The count and the LSAs' own lengths must add up to the packet, or no boundary in it can be trusted.
BodyResult decode_update(std::span<const std::byte> bytes) {
  Reader in(bytes);
  const std::uint32_t count = in.u32();
  if (count > in.remaining() / kLsaHeaderSize) return error(DropReason::malformed_body, count);
  LinkStateUpdate update;
  update.lsas.reserve(count);
  const std::span<const std::byte> all = bytes.subspan(4);
  std::size_t offset = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::span<const std::byte> rest = all.subspan(offset);
    if (rest.size() < kLsaHeaderSize) return error(DropReason::malformed_body, rest.size());
    ReceivedLsa& lsa = update.lsas.emplace_back();
    lsa.header = V2::decode_lsa_header(rest.first(kLsaHeaderSize));
    if (lsa.header.length < kLsaHeaderSize || lsa.header.length > rest.size()) {
      return error(DropReason::malformed_body, lsa.header.length);
    }
    lsa.bytes = rest.first(lsa.header.length);
    lsa.error = V2::validate_lsa(lsa.bytes);
    offset += lsa.header.length;
  }
  if (offset != all.size()) return error(DropReason::malformed_body, all.size() - offset);
  return PacketBody{std::move(update)};
}

// RFC 2328 A.3.6: LSA headers, 20 bytes each, to the end.
BodyResult decode_acknowledgment(std::span<const std::byte> bytes) {
  Reader in(bytes);
  LinkStateAcknowledgment acknowledgment;
  if (const auto wrong = decode_headers(in, acknowledgment.headers)) return *wrong;
  return PacketBody{std::move(acknowledgment)};
}

BodyResult decode_packet_body(PacketType type, std::span<const std::byte> bytes) {
  switch (type) {
    case PacketType::hello:
      return decode_hello(bytes);
    case PacketType::database_description:
      return decode_database_description(bytes);
    case PacketType::link_state_request:
      return decode_request(bytes);
    case PacketType::link_state_update:
      return decode_update(bytes);
    case PacketType::link_state_acknowledgment:
      return decode_acknowledgment(bytes);
  }
  return error(DropReason::bad_packet_type, static_cast<std::size_t>(type));
}

}  // namespace

DecodeResult V2::decode(std::span<const std::byte> bytes) {
  const auto header = decode_header(bytes);
  if (const auto* wrong = std::get_if<DecodeError>(&header)) return *wrong;
  Packet packet;
  packet.header = std::get<PacketHeader>(header);
  const std::size_t length = packet.header.length;
  BodyResult body = decode_packet_body(packet.header.type, bytes.first(length).subspan(kHeaderSize));
  if (const auto* wrong = std::get_if<DecodeError>(&body)) return *wrong;
  packet.body = std::get<PacketBody>(std::move(body));
  packet.trailer = bytes.subspan(length);
  return packet;
}

std::vector<std::byte> V2::encode(RouterId router_id, AreaId area_id, const Hello& hello) {
  Writer out = begin(PacketType::hello, router_id, area_id, 20 + 4 * hello.neighbors.size());
  out.u32(hello.network_mask);
  out.u16(hello.hello_interval);
  out.u8(static_cast<std::uint8_t>(hello.options.bits));
  out.u8(hello.priority);
  out.u32(hello.dead_interval);
  out.u32(hello.designated_router.value);
  out.u32(hello.backup_designated_router.value);
  for (const RouterId neighbor : hello.neighbors) out.u32(neighbor.value);
  return finish(std::move(out));
}

std::vector<std::byte> V2::encode(RouterId router_id, AreaId area_id,
                                  const DatabaseDescription& description) {
  Writer out = begin(PacketType::database_description, router_id, area_id,
                     8 + kLsaHeaderSize * description.headers.size());
  out.u16(description.interface_mtu);
  out.u8(static_cast<std::uint8_t>(description.options.bits));
  out.u8(static_cast<std::uint8_t>((description.flags.init ? kDdInit : 0) |
                                   (description.flags.more ? kDdMore : 0) |
                                   (description.flags.master ? kDdMaster : 0)));
  out.u32(description.sequence_number);
  for (const LsaHeader& header : description.headers) encode_lsa_header(header, out);
  return finish(std::move(out));
}

std::vector<std::byte> V2::encode(RouterId router_id, AreaId area_id, const LinkStateRequest& request) {
  Writer out = begin(PacketType::link_state_request, router_id, area_id, kRequestSize * request.keys.size());
  for (const LsaKey& key : request.keys) {
    out.u32(v2::wire_type(key.type));
    out.u32(key.id.value);
    out.u32(key.advertising_router.value);
  }
  return finish(std::move(out));
}

std::vector<std::byte> V2::encode(RouterId router_id, AreaId area_id,
                                  const LinkStateAcknowledgment& acknowledgment) {
  Writer out = begin(PacketType::link_state_acknowledgment, router_id, area_id,
                     kLsaHeaderSize * acknowledgment.headers.size());
  for (const LsaHeader& header : acknowledgment.headers) encode_lsa_header(header, out);
  return finish(std::move(out));
}

std::vector<std::byte> V2::encode(RouterId router_id, AreaId area_id, std::span<const OutgoingLsa> lsas) {
  std::size_t size = 4;
  for (const OutgoingLsa& outgoing : lsas) size += outgoing.lsa.length();
  Writer out = begin(PacketType::link_state_update, router_id, area_id, size);
  out.u32(static_cast<std::uint32_t>(lsas.size()));
  for (const OutgoingLsa& outgoing : lsas) {
    const std::size_t offset = out.size();
    out.append(outgoing.lsa.bytes());
    store_u16(out.at(offset), outgoing.age);  // the age is in no checksum but the packet's
  }
  return finish(std::move(out));
}

}  // namespace wgospf::ospf

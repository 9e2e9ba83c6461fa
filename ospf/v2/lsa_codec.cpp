// The LSAs of OSPFv2 on the wire (RFC 2328 appendix A.4, RFC 5250 appendix A.2): headers, validation in form,
// and bodies.
//
// validate_lsa stands at the border: what it lets through, decode_body takes apart without further questions,
// and encode_lsa gives back byte for byte. It asks whether lengths and counts agree, and no more: an LSA that
// is refused here and stored by everybody else would leave this database different from theirs. What a value
// means (a link type, a mask with holes) is the route calculation's question, which passes over what means
// nothing (v2/topology.h). Reserved bits are kept as they stand.

#include <bit>
#include <cassert>
#include <limits>

#include "ospf/checksum.h"
#include "ospf/v2/v2.h"

namespace wgospf::ospf {

namespace {

constexpr std::size_t kSequenceOffset = 12;
constexpr std::size_t kLsaChecksumOffset = 16;
constexpr std::size_t kLengthOffset = 18;
constexpr std::int32_t kReservedSequenceNumber = std::numeric_limits<std::int32_t>::min();

constexpr std::size_t kRouterFixed = 4, kRouterLinkFixed = 12, kTosSize = 4;
constexpr std::size_t kSummaryFixed = 8;
constexpr std::size_t kExternalFixed = 16, kExternalTosSize = 12;
constexpr std::uint32_t kExternalBit = 0x80000000;

bool known(LsaType type) {
  return scope_of(type) != FloodingScope::unknown;
}

// RFC 2328 A.4.2:
//
//   +-----+-+-+-+---+---------------+-------------------------------+
//   |  0  |V|E|B| 0 |      0        |            # links            |
//   +-----+-+-+-+---+---------------+-------------------------------+  repeated:
//   |                            Link ID                            |
//   |                           Link Data                           |
//   +---------------+---------------+-------------------------------+
//   |     Type      |     # TOS     |            metric             |
//   +---------------+---------------+-------------------------------+  # TOS times:
//   |      TOS      |       0       |          TOS  metric          |
//   +---------------+---------------+-------------------------------+
//
// The links that fit are as many as it says. Less than a link may follow them; a whole link that is not
// counted may not: others drop the update that such an LSA came in, with all else in it.
bool router_body_is_sound(std::span<const std::byte> body) {
  if (body.size() < kRouterFixed) return false;
  std::size_t links = 0, offset = kRouterFixed;
  for (; body.size() - offset >= kRouterLinkFixed; ++links) {
    const std::size_t size = kRouterLinkFixed + load_u8(body.data() + offset + 9) * kTosSize;
    if (body.size() - offset < size) return false;
    offset += size;
  }
  return links == load_u16(body.data() + 2);
}

v2::RouterLsa decode_router(std::span<const std::byte> body) {
  Reader in(body);
  v2::RouterLsa router;
  router.flags = in.u8();
  router.reserved = in.u8();
  const std::uint16_t count = in.u16();
  router.links.reserve(count);
  for (std::uint16_t i = 0; i < count && in.ok(); ++i) {
    v2::RouterLink& link = router.links.emplace_back();
    link.link_id = in.u32();
    link.link_data = in.u32();
    link.type = v2::RouterLinkType{in.u8()};
    const std::uint8_t tos = in.u8();
    link.metric = in.u16();
    link.tos.reserve(tos);
    for (std::uint8_t j = 0; j < tos && in.ok(); ++j) {
      v2::TosMetric& metric = link.tos.emplace_back();
      metric.tos = in.u8();
      metric.reserved = in.u8();
      metric.metric = in.u16();
    }
  }
  assert(in.ok());
  const std::span<const std::byte> trailing = in.take(in.remaining());
  router.trailing.assign(trailing.begin(), trailing.end());
  return router;
}

void encode_body(const v2::RouterLsa& router, Writer& out) {
  assert(router.links.size() <= 0xffff);
  out.u8(router.flags);
  out.u8(router.reserved);
  out.u16(static_cast<std::uint16_t>(router.links.size()));
  for (const v2::RouterLink& link : router.links) {
    assert(link.tos.size() <= 0xff);
    out.u32(link.link_id);
    out.u32(link.link_data);
    out.u8(static_cast<std::uint8_t>(link.type));
    out.u8(static_cast<std::uint8_t>(link.tos.size()));
    out.u16(link.metric);
    for (const v2::TosMetric& metric : link.tos) {
      out.u8(metric.tos);
      out.u8(metric.reserved);
      out.u16(metric.metric);
    }
  }
  out.append(router.trailing);
}

// RFC 2328 A.4.3 (at least one router is attached, or nobody would originate it):
//
//   +---------------------------------------------------------------+
//   |                         Network Mask                          |
//   |                        Attached Router                        |
//   |                              ...                              |
//   +---------------------------------------------------------------+
bool network_body_is_sound(std::span<const std::byte> body) {
  return body.size() >= 8 && body.size() % 4 == 0;
}

v2::NetworkLsa decode_network(std::span<const std::byte> body) {
  Reader in(body);
  v2::NetworkLsa network;
  network.mask = in.u32();
  network.attached.reserve(in.remaining() / 4);
  while (in.remaining() >= 4) network.attached.emplace_back(in.u32());
  return network;
}

void encode_body(const v2::NetworkLsa& network, Writer& out) {
  out.u32(network.mask);
  for (const RouterId router : network.attached) out.u32(router.value);
}

// RFC 2328 A.4.4, types 3 and 4 (the mask has no meaning in type 4):
//
//   +---------------------------------------------------------------+
//   |                         Network Mask                          |
//   +---------------+-----------------------------------------------+
//   |       0       |                  metric                       |
//   +---------------+-----------------------------------------------+  repeated:
//   |      TOS      |                TOS  metric                    |
//   +---------------+-----------------------------------------------+
bool summary_body_is_sound(std::span<const std::byte> body) {
  return body.size() >= kSummaryFixed && body.size() % 4 == 0;
}

v2::SummaryLsa decode_summary(std::span<const std::byte> body) {
  Reader in(body);
  v2::SummaryLsa summary;
  summary.mask = in.u32();
  summary.reserved = in.u8();
  summary.metric = in.u24();
  summary.tos_entries.reserve(in.remaining() / 4);
  while (in.remaining() >= 4) summary.tos_entries.push_back(in.u32());
  return summary;
}

void encode_body(const v2::SummaryLsa& summary, Writer& out) {
  assert(summary.metric <= kLsInfinity);
  out.u32(summary.mask);
  out.u8(summary.reserved);
  out.u24(summary.metric);
  for (const std::uint32_t entry : summary.tos_entries) out.u32(entry);
}

// RFC 2328 A.4.5 and RFC 3101 appendix C, types 5 and 7:
//
//   +---------------------------------------------------------------+
//   |                         Network Mask                          |
//   +-+-------------+-----------------------------------------------+
//   |E|      0      |                  metric                       |
//   +-+-------------+-----------------------------------------------+
//   |                      Forwarding address                       |
//   |                      External Route Tag                       |
//   +-+-------------+-----------------------------------------------+  repeated:
//   |E|    TOS      |                TOS  metric                    |
//   |                      Forwarding address                       |
//   |                      External Route Tag                       |
//   +---------------------------------------------------------------+
bool external_body_is_sound(std::span<const std::byte> body) {
  return body.size() >= kExternalFixed && (body.size() - kExternalFixed) % kExternalTosSize == 0;
}

v2::ExternalLsa decode_external(std::span<const std::byte> body) {
  Reader in(body);
  v2::ExternalLsa external;
  external.mask = in.u32();
  const std::uint32_t word = in.u32();
  external.type2 = (word & kExternalBit) != 0;
  external.reserved = static_cast<std::uint8_t>((word & ~kExternalBit) >> 24);
  external.metric = word & kLsInfinity;
  external.forwarding_address = Ipv4Address{in.u32()};
  external.tag = in.u32();
  external.tos.reserve(in.remaining() / kExternalTosSize);
  while (in.remaining() >= kExternalTosSize) {
    v2::ExternalLsa::Tos& tos = external.tos.emplace_back();
    tos.metric_word = in.u32();
    tos.forwarding_address = in.u32();
    tos.tag = in.u32();
  }
  return external;
}

void encode_body(const v2::ExternalLsa& external, Writer& out) {
  assert(external.metric <= kLsInfinity && external.reserved < 0x80);
  out.u32(external.mask);
  out.u32((external.type2 ? kExternalBit : 0) | (std::uint32_t{external.reserved} << 24) | external.metric);
  out.u32(external.forwarding_address.value);
  out.u32(external.tag);
  for (const v2::ExternalLsa::Tos& tos : external.tos) {
    out.u32(tos.metric_word);
    out.u32(tos.forwarding_address);
    out.u32(tos.tag);
  }
}

// RFC 5250 appendix A.2: any bytes. Alignment to 32 bits is the matter of whoever defines the contents.
void encode_body(const v2::OpaqueLsa& opaque, Writer& out) {
  out.append(opaque.data);
}

bool body_is_sound(LsaType type, std::span<const std::byte> body) {
  switch (type) {
    case LsaType::router:
      return router_body_is_sound(body);
    case LsaType::network:
      return network_body_is_sound(body);
    case LsaType::summary_network:
    case LsaType::summary_asbr:
      return summary_body_is_sound(body);
    case LsaType::as_external:
    case LsaType::nssa_external:
      return external_body_is_sound(body);
    default:
      return true;
  }
}

/// Fills in what is computed (length, checksum) in a whole LSA.
void finish_lsa(std::span<std::byte> lsa) {
  store_u16(lsa.data() + kLengthOffset, static_cast<std::uint16_t>(lsa.size()));
  store_u16(lsa.data() + kLsaChecksumOffset, lsa_checksum(lsa));
}

}  // namespace

// The diagram is in ospf/lsa.h.
LsaHeader V2::decode_lsa_header(std::span<const std::byte> bytes) {
  assert(bytes.size() >= kLsaHeaderSize);
  const std::byte* p = bytes.data();
  LsaHeader header;
  header.age = load_u16(p);
  header.options.bits = load_u8(p + 2);
  header.key.type = v2::lsa_type(load_u8(p + 3));
  header.key.id = LinkStateId{load_u32(p + 4)};
  header.key.advertising_router = RouterId{load_u32(p + 8)};
  header.sequence_number = std::bit_cast<std::int32_t>(load_u32(p + kSequenceOffset));
  header.checksum = load_u16(p + kLsaChecksumOffset);
  header.length = load_u16(p + kLengthOffset);
  return header;
}

void V2::encode_lsa_header(const LsaHeader& header, Writer& out) {
  out.u16(header.age);
  out.u8(header.options.bits);
  out.u8(v2::wire_type(header.key.type));
  out.u32(header.key.id.value);
  out.u32(header.key.advertising_router.value);
  out.u32(std::bit_cast<std::uint32_t>(header.sequence_number));
  out.u16(header.checksum);
  out.u16(header.length);
}

std::optional<DropReason> V2::validate_lsa(std::span<const std::byte> bytes) {
  if (bytes.size() < kLsaHeaderSize || load_u16(bytes.data() + kLengthOffset) != bytes.size()) {
    return DropReason::lsa_bad_length;
  }
  const LsaHeader header = decode_lsa_header(bytes.first(kLsaHeaderSize));
  // Section 13 step 1.
  if (!lsa_checksum_holds(bytes)) return DropReason::lsa_bad_checksum;
  // Section 13 step 2.
  if (!known(header.key.type)) return DropReason::lsa_unknown_type;
  if (const auto wrong = validate_lsa_header(header)) return wrong;
  if (!body_is_sound(header.key.type, bytes.subspan(kLsaHeaderSize))) return DropReason::lsa_malformed;
  return std::nullopt;
}

std::optional<DropReason> V2::validate_lsa_header(const LsaHeader& header) {
  // Section 12.1.1: the age is never above MaxAge. The DoNotAge bit (RFC 1793) is not supported, and never
  // reaches a router that does not set the DC bit (RFC 1793 section 2.5).
  if (header.age > kMaxAge) return DropReason::lsa_bad_age;
  // Section 12.1.6: 0x80000000 is reserved.
  if (header.sequence_number == kReservedSequenceNumber) return DropReason::lsa_bad_sequence;
  // Section 12.1.4: of a router-LSA the Link State ID is the originating router's id.
  if (header.key.type == LsaType::router && header.key.id.value != header.key.advertising_router.value) {
    return DropReason::lsa_id_mismatch;
  }
  return std::nullopt;
}

v2::LsaBody V2::decode_body(const Lsa& lsa) {
  const std::span<const std::byte> body = lsa.body();
  switch (header(lsa).key.type) {
    case LsaType::router:
      return decode_router(body);
    case LsaType::network:
      return decode_network(body);
    case LsaType::summary_network:
    case LsaType::summary_asbr:
      return decode_summary(body);
    case LsaType::as_external:
    case LsaType::nssa_external:
      return decode_external(body);
    default:
      return v2::OpaqueLsa{{body.begin(), body.end()}};
  }
}

Lsa V2::encode_lsa(LsaHeader header, const LsaBody& body) {
  Writer out(kLsaHeaderSize);
  header.checksum = 0;
  encode_lsa_header(header, out);
  std::visit([&out](const auto& part) { encode_body(part, out); }, body);
  assert(out.size() <= 0xffff);
  finish_lsa({out.at(0), out.size()});
  return Lsa::copy(out.bytes());
}

}  // namespace wgospf::ospf

// Packets and LSAs as others sent them: they decode, and re-encode to the same bytes.
//
// What is compared, exactly:
// - A packet of null authentication: the header's router and area id and the decoded body are encoded anew,
//   the bytes after the header's length (an LLS block) are appended, and the whole must equal the recording.
// - A packet of simple or cryptographic authentication: the same, but the checksum, type and field of
//   authentication (offsets 12 to 23) are not compared, because encoders write null authentication. Instead
//   the decoded header must give these fields as recorded. The digest is the trailer, kept as it stands.
// - An update: each LSA is encoded from its bytes and age. Each LSA that is sound is also taken apart and put
//   together (decode_body, encode_lsa): the same bytes. An LSA in error keeps its bytes, and a note says so.
// - An LSA on its own: sound in form, and taken apart and put together to the same bytes.
// - A recording said to have a wrong packet checksum (cksum_ok is false; some public captures were edited):
// it
//   must be rejected for just that reason; then the checksum is put right, and the comparison is made with
//   that.
// - OSPFv3 is skipped.

#include <algorithm>

#include "ospf/checksum.h"
#include "ospf/v2/v2.h"
#include "tests/conformance/kinds.h"

namespace wgospf::conformance {
namespace {

using namespace wgospf::ospf;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kChecksumOffset = 12, kAuthenticationEnd = 24;

std::string compare_lsa(std::span<const std::byte> bytes) {
  const auto lsa = Lsa::copy(bytes);
  return first_difference(bytes, V2::encode_lsa(V2::header(lsa), V2::decode_body(lsa)).bytes());
}

/// The LSA's own story; empty when it is sound and comes back.
std::string check_lsa(std::span<const std::byte> bytes) {
  if (const auto error = V2::validate_lsa(bytes)) return "rejected: " + std::string(to_string(*error));
  return compare_lsa(bytes);
}

Bytes encode_again(const Packet& packet) {
  const auto encode = [&packet](const auto& body) {
    return V2::encode(packet.header.router_id, packet.header.area_id, body);
  };
  if (const auto* update = std::get_if<LinkStateUpdate>(&packet.body)) {
    std::vector<OutgoingLsa> lsas;
    for (const auto& lsa : update->lsas) lsas.push_back({Lsa::copy(lsa.bytes), lsa.header.age});
    return encode(std::span<const OutgoingLsa>(lsas));
  }
  if (const auto* hello = std::get_if<Hello>(&packet.body)) return encode(*hello);
  if (const auto* dd = std::get_if<DatabaseDescription>(&packet.body)) return encode(*dd);
  if (const auto* request = std::get_if<LinkStateRequest>(&packet.body)) return encode(*request);
  return encode(std::get<LinkStateAcknowledgment>(packet.body));
}

std::string check_decoded(const Packet& packet, const Bytes& recorded, std::vector<std::string>& notes) {
  if (const auto* update = std::get_if<LinkStateUpdate>(&packet.body)) {
    for (const auto& lsa : update->lsas) {
      if (lsa.error) {
        notes.push_back("an LSA in it is rejected (" + std::string(to_string(*lsa.error)) +
                        "), its bytes kept");
        continue;
      }
      if (auto difference = compare_lsa(lsa.bytes); !difference.empty()) return "LSA " + difference;
    }
  }
  Bytes encoded = encode_again(packet);
  encoded.insert(encoded.end(), packet.trailer.begin(), packet.trailer.end());
  if (packet.header.authentication_type != AuthenticationType::null) {
    const auto& header = packet.header;
    Writer fields;
    fields.u16(header.checksum);
    fields.u16(static_cast<std::uint16_t>(header.authentication_type));
    fields.append(header.authentication);
    const auto field = std::span(recorded).subspan(kChecksumOffset, kAuthenticationEnd - kChecksumOffset);
    if (auto difference = first_difference(field, fields.bytes()); !difference.empty()) {
      return "authentication fields: " + difference;
    }
    std::copy(field.begin(), field.end(), encoded.begin() + kChecksumOffset);
  }
  return first_difference(recorded, encoded);
}

std::string check_packet(const json& item, Bytes recorded, std::vector<std::string>& notes) {
  auto result = V2::decode(recorded);
  const auto* error = std::get_if<DecodeError>(&result);
  if (item.contains("cksum_ok") && item["cksum_ok"] == false) {
    if (error == nullptr || error->reason != DropReason::bad_packet_checksum)
      return "not rejected for its wrong checksum";
    notes.emplace_back("the recorded checksum is wrong: rejected for it, then compared with it put right");
    store_u16(recorded.data() + kChecksumOffset, 0);
    const std::size_t length = load_u16(recorded.data() + 2);
    store_u16(recorded.data() + kChecksumOffset, packet_checksum(std::span(recorded).first(length)));
    result = V2::decode(recorded);
    error = std::get_if<DecodeError>(&result);
  }
  if (error != nullptr) {
    return "rejected: " + std::string(to_string(error->reason)) + ", value " + std::to_string(error->value);
  }
  return check_decoded(std::get<Packet>(result), recorded, notes);
}

std::string name_of(const json& item) {
  if (item.contains("name"))
    return item["version"].get<std::string>() + " " + item["name"].get<std::string>();
  return item["file"].get<std::string>() + " frame " + std::to_string(item["frame"].get<int>());
}

bool recognises(const json& sample) {
  return sample.is_object() && sample.contains("hex") && sample["hex"].is_string() &&
         sample.contains("version") && !sample.contains("expect");
}

void run_packets(const Document& document, Report& report) {
  for (const json& item : document.content) {
    const std::string name = name_of(item);
    if (item["version"] != 2 && item["version"] != "ospfv2") {
      report.skip(name, "OSPFv3 is not spoken yet");
      continue;
    }
    Bytes bytes = from_hex(item["hex"].get<std::string>());
    if (item.contains("kind") && item["kind"] == "lsa") {
      report.result(name, check_lsa(bytes));
      continue;
    }
    std::vector<std::string> notes;
    report.result(name, check_packet(item, std::move(bytes), notes));
    for (const std::string& note : notes) report.note(name + ": " + note);
  }
}

}  // namespace

Kind packets_kind() {
  return {"packets", recognises, run_packets};
}

}  // namespace wgospf::conformance

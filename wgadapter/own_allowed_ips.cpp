#include "wgadapter/own_allowed_ips.h"

#include "wgadapter/state_text.h"

namespace wgospf::wg {
namespace {

constexpr std::string_view kKind = "allowed-ips";
constexpr std::string_view kDevice = "device ";
constexpr std::string_view kPeer = "peer ";

Error malformed(std::string_view record) {
  return {ErrorCode::malformed, "\"" + std::string(record) + "\" is out of place"};
}

}  // namespace

std::string to_text(const OwnAllowedIps& own) {
  std::vector<std::string> records;
  for (const auto& [device, peers] : own) {
    records.push_back(std::string(kDevice) + device);
    for (const auto& [key, prefixes] : peers) {
      records.push_back(std::string(kPeer) + key.to_base64());
      for (const Ipv4Prefix& prefix : prefixes) records.push_back(prefix.to_string());
    }
  }
  return state_text(kKind, records);
}

Result<OwnAllowedIps> parse_own_allowed_ips(std::string_view text) {
  const auto records = parse_state_text(kKind, text);
  if (!records) return records.error();
  OwnAllowedIps own;
  OwnPrefixes* device = nullptr;
  std::vector<Ipv4Prefix>* peer = nullptr;
  for (const std::string_view record : *records) {
    if (record.starts_with(kDevice)) {
      device = &own[std::string(record.substr(kDevice.size()))];
      peer = nullptr;
    } else if (record.starts_with(kPeer)) {
      const auto key = Key::from_base64(record.substr(kPeer.size()));
      if (!key || device == nullptr) return malformed(record);
      peer = &(*device)[*key];
    } else {
      const auto prefix = Ipv4Prefix::parse(record);
      if (!prefix || peer == nullptr) return malformed(record);
      if (!peer->empty() && peer->back() >= *prefix) return malformed(record);
      peer->push_back(*prefix);
    }
  }
  // What is told twice, or out of order, was not written here.
  if (to_text(own) != text) return Error{ErrorCode::malformed, "it is not in order"};
  return own;
}

}  // namespace wgospf::wg

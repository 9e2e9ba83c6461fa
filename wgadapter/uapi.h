#pragma once
// Internal: the text protocol of userspace WireGuard (the cross-platform interface), without the socket.
//
//   get=1                 ->  private_key=.. listen_port=.. fwmark=.. { public_key=.. endpoint=.. ... }*
//   errno=0 set=1 and settings    ->  errno=N
//
// Both end with an empty line. Keys are hexadecimal, numbers decimal. A set is applied line by line and is
// not undone when a later line is refused; the answer does not tell which line that was.

#include <string>
#include <string_view>
#include <vector>

#include "net/result.h"
#include "wgadapter/device.h"
#include "wgadapter/plan.h"
#include "wgadapter/secret_text.h"

namespace wgospf::wg {

/// The lines of a set that concern one peer (or the device): `head` selects it and may stand before any part
/// of `lines`, so that the lines can be sent one by one to find a refused one.
struct UapiBlock {
  std::string head{};
  std::vector<SecretText> lines{};
};

/// Settings and additions. A peer to be created has no lines beyond its head, perhaps.
[[nodiscard]] std::vector<UapiBlock> encode_uapi_settings(const DeviceDelta& settings);
/// "allowed_ip=-PREFIX", which newer devices know.
[[nodiscard]] std::vector<UapiBlock> encode_uapi_removals(const std::vector<Removal>& removals);
/// For devices that do not: a peer that never was takes the prefixes and is removed with them.
[[nodiscard]] std::vector<UapiBlock> encode_uapi_removals_by_theft(const std::vector<Removal>& removals,
                                                                   const Key& throwaway);
[[nodiscard]] std::vector<UapiBlock> encode_uapi_peer_removals(const std::vector<Key>& peers);
/// A whole request: "set=1", the blocks, the empty line.
[[nodiscard]] SecretText make_uapi_request(const std::vector<UapiBlock>& blocks);

/// The answer to get=1, its empty line included or not. Lines with keys that we do not know are passed over.
/// Errors: malformed, naming the line; rejected with the device's errno.
[[nodiscard]] Result<Device> parse_uapi_device(std::string_view answer, const std::string& name);

/// The answer to a set: the errno it carries (0 is success, else positive). Errors: malformed.
[[nodiscard]] Result<int> parse_uapi_errno(std::string_view answer, const std::string& name);

/// A line as it may be shown: without the value of a secret.
[[nodiscard]] std::string printable_uapi_line(std::string_view line);

}  // namespace wgospf::wg

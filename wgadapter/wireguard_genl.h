#pragma once
// Internal: messages of the kernel's generic netlink family "wireguard" (version 1), without the socket. libnl builds
// and parses them.
//
// A nest is at most 64 KiB long, so large changes go as several messages; libnl drops a nest that is too long
// and the kernel then answers "success" to nothing, hence the limits here stay well below.

#include <linux/netlink.h>
#include <netlink/msg.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/result.h"
#include "wgadapter/device.h"
#include "wgadapter/plan.h"

namespace wgospf::wg {

inline constexpr std::size_t kMaxAllowedIpsPerMessage = 1000;
inline constexpr std::size_t kMaxPeersPerMessage = 200;

/// A libnl message that is wiped when it goes: it may carry a private key.
struct MessageDeleter {
  void operator()(nl_msg* message) const;
};
using Message = std::unique_ptr<nl_msg, MessageDeleter>;
/// A message of at most `bytes` with its netlink header put.
[[nodiscard]] Message make_message(std::uint16_t type, std::uint16_t flags, std::size_t bytes);
[[nodiscard]] std::span<std::byte> bytes_of(const Message& message);

/// Puts a device together from the messages of one dump. A peer with many allowed-ips is continued in further
/// nests and messages that carry its key and the next prefixes only; adjacent equal keys are one peer.
class DeviceDumpParser {
 public:
  /// `secret_of`: a peer whose preshared key is wanted.
  explicit DeviceDumpParser(const std::string& name, std::optional<Key> secret_of = std::nullopt);
  /// Errors: malformed, with the attribute's name.
  [[nodiscard]] Result<void> add(const nlmsghdr& message);
  [[nodiscard]] Device take() { return std::move(device_); }
  [[nodiscard]] const std::optional<SecretKey>& preshared_key() const { return preshared_key_; }

 private:
  [[nodiscard]] Result<void> add_peer(nlattr& nest);

  Device device_;
  std::optional<Key> secret_of_;
  std::optional<SecretKey> preshared_key_;
};

[[nodiscard]] Message make_get_device(std::uint16_t family, const std::string& name);

/// Settings and additions, in order; the device's own in the first message. Empty when there is nothing to
/// say. Errors: too_large when a nest overflows all the same.
[[nodiscard]] Result<std::vector<Message>> encode_settings(std::uint16_t family, const std::string& name,
                                                           const DeviceDelta& settings);

/// The peer removed and made anew, in one message: nobody sees the device without it. Its prefixes go on in further
/// messages where they are many.
[[nodiscard]] Result<std::vector<Message>> encode_made_again(std::uint16_t family, const std::string& name,
                                                             const PeerDelta& peer);

enum class RemovalMethod : std::uint8_t {
  flag,   ///< WGALLOWEDIP_F_REMOVE_ME, Linux 6.16 and later; older ones answer EINVAL.
  theft,  ///< A peer that never was takes the prefixes and is removed with them, within one message.
};
/// `throwaway` is the key of the thief.
[[nodiscard]] Result<std::vector<Message>> encode_removals(std::uint16_t family, const std::string& name,
                                                           const std::vector<Removal>& removals,
                                                           RemovalMethod method, const Key& throwaway);

[[nodiscard]] Result<std::vector<Message>> encode_peer_removals(std::uint16_t family, const std::string& name,
                                                                const std::vector<Key>& peers);

}  // namespace wgospf::wg

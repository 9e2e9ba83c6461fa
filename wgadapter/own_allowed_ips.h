#pragma once
// Which allowed-ips are ours: what this program has given to peers, as opposed to what the user wrote by hand.
// WireGuard has no mark for it, so it is kept in a file. Pure: values and their text.
//
// A prefix stands here before it is given to the peer, and until it is known to be taken back. So what a run
// that was killed has left is found again: it was not there by hand when it was noted. What does not stand
// here is the user's. A device is known by its ifindex, which a tunnel that is taken down and set up again does
// not keep, and ifindexes by the boot of the machine: what a new device comes with is the user's.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/result.h"
#include "wgadapter/device.h"

namespace wgospf::wg {

/// Of one device; prefixes in order, at least one a peer.
using OwnPrefixes = std::map<Key, std::vector<Ipv4Prefix>>;
/// By the name of the device.
using OwnAllowedIps = std::map<std::string, OwnPrefixes>;

/// What the file says.
struct OwnNote {
  std::string boot_id{};                           ///< one word: of the boot in which it was written
  std::map<std::string, std::uint32_t> ifindex{};  ///< of each device in `own`
  OwnAllowedIps own{};
  bool operator==(const OwnNote&) const = default;
};

[[nodiscard]] std::string to_text(const OwnNote& note);
/// Exactly what to_text() makes. Error: malformed, with what is wrong, to stand behind a colon.
[[nodiscard]] Result<OwnNote> parse_own_note(std::string_view text);

/// A prefix has become ours at a peer, or is not any more.
struct OwnChange {
  Ipv4Prefix prefix{};
  Key peer{};
  bool is_own = false;
  bool operator==(const OwnChange&) const = default;
};
using OwnChanges = std::vector<OwnChange>;

/// What is to be noted, kept up by what changes.
class OwnBook {
 public:
  OwnBook() = default;
  explicit OwnBook(const OwnNote& note);
  /// In the order in which they came; `ifindex` is the device's now.
  void apply(const std::string& device, std::uint32_t ifindex, const OwnChanges& changes);
  [[nodiscard]] OwnNote note() const;

 private:
  struct OfDevice {
    std::uint32_t ifindex = 0;
    std::map<Key, std::set<Ipv4Prefix>> peers{};
  };
  std::string boot_id_;
  std::map<std::string, OfDevice> devices_;
};

}  // namespace wgospf::wg

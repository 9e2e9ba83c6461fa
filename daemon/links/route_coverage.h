#pragma once
// Routes over WireGuard devices against the allowed-ips of these: what is sent to a prefix that the peer does
// not own is lost in the device, and what comes from it is dropped there. Pure; long tables are walked on the
// poller's thread.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ospf/route/route.h"
#include "ospf/v2/v2.h"
#include "wgadapter/allowed_ips.h"
#include "wgadapter/underlay.h"

namespace wgospf::daemon {

/// A link over a WireGuard device, as far as it matters which prefixes pass.
struct Passage {
  ospf::LinkId link{};
  std::string device{};
  std::optional<Ipv4Address> neighbor{};  ///< as last heard, or as the interface's address tells
  std::optional<wg::Key> peer{};          ///< behind which the link is, on a device that is shared
  bool is_managed = false;                ///< what is lacking is being written, or told as a conflict
  bool operator==(const Passage&) const = default;
};

/// The devices of a reading, by name. The reading must outlive it.
class Devices {
 public:
  explicit Devices(const wg::Underlay& underlay);
  struct Entry {
    const wg::Device* device = nullptr;
    const wg::AllowedIpMap* map = nullptr;
  };
  [[nodiscard]] std::optional<Entry> find(const std::string& name) const;
  /// In wg::Device::peers.
  [[nodiscard]] std::optional<std::size_t> peer_index(const std::string& name, const wg::Key& key) const;

 private:
  std::unordered_map<std::string_view, Entry> entries_;
  std::unordered_map<std::string_view, std::unordered_map<wg::Key, std::size_t>> peers_;
};

/// Whom a link leads to, and what passes to whom on its device. nullopt: the device is not among these, or
/// its peer is not known.
struct PassagePeer {
  const wg::Device* device = nullptr;
  const wg::AllowedIpMap* map = nullptr;
  std::size_t peer = 0;
};
[[nodiscard]] std::optional<PassagePeer> peer_of(const Passage& passage, const Devices& devices);

/// Prefixes reached over a link that do not pass to its peer, in order of the table.
struct Uncovered {
  /// An allowed-ip of another peer inside a prefix, and no route of its own: packets to it go to that peer, and
  /// none of it is taken from this one. What a default route does not go to is left out.
  struct Taken {
    Ipv4Prefix route{};
    Ipv4Prefix prefix{};
    wg::Key taker{};
    bool operator==(const Taken&) const = default;
  };
  std::vector<Ipv4Prefix> lacking{};  ///< the peer's allowed-ips do not cover them
  std::vector<Taken> taken{};
  bool operator==(const Uncovered&) const = default;
};
/// [i] of links[i]; nothing of a link whose peer is not known.
[[nodiscard]] std::vector<Uncovered> uncovered_prefixes(const ospf::RouteTable<ospf::V2>& table,
                                                        const std::vector<Passage>& links,
                                                        const Devices& devices);
/// Of one prefix.
[[nodiscard]] Uncovered uncovered_of(const PassagePeer& way, const Ipv4Prefix& prefix,
                                     const ospf::RouteTable<ospf::V2>& table);

/// Whether any of the links has a peer that does not own everything: else no table need be looked at.
[[nodiscard]] bool is_any_narrow(const std::vector<Passage>& links, const Devices& devices);

/// One finding out of all uncovered prefixes of a link, with the command that mends it, and what OSPF itself
/// lacks. nullopt when nothing is uncovered.
[[nodiscard]] std::optional<wg::CoverageFinding> routes_finding(const Passage& passage,
                                                                const Devices& devices,
                                                                const Uncovered& uncovered);

}  // namespace wgospf::daemon

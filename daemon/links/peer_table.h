#pragma once
// The peers of one interface with `peers: auto` as they are now: which link a packet belongs to, and who has
// woken. What WireGuard tells of them only when asked is as of the last reading. Pure, but for the names of
// links that it gives out.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/links/link_names.h"
#include "daemon/links/peer_links.h"
#include "ospf/types.h"
#include "wgadapter/allowed_ips.h"

namespace wgospf::daemon {

class PeerTable {
 public:
  struct Entry {
    PeerLink peer{};
    ospf::LinkId link{};
    bool is_read = false;                       ///< its handshake has been looked at
    std::optional<wg::SystemTime> handshake{};  ///< as last read
    wg::SystemTime last_sent{};                 ///< a packet of ours
  };
  /// A link that is gone, or has come to be shown under another name.
  struct Former {
    ospf::LinkId link{};
    std::string name{};
  };

  /// The peers of the interface, of which `device` was read. Those whose link is not what it was.
  std::vector<Former> take(std::vector<PeerLink> peers, std::shared_ptr<const wg::Device> device,
                           const std::string& interface, LinkNames& names);
  /// The peers are no links any more. Those that were.
  std::vector<Former> clear();

  /// Links whose peer has shaken hands since the reading before, unless a packet of ours asked for it: such a
  /// packet reached the peer with the handshake, and to wake it for that would go round in a circle.
  [[nodiscard]] std::vector<ospf::LinkId> take_woken(const wg::Device& device);
  /// A packet goes out over the link.
  void sent(ospf::LinkId link, wg::SystemTime now);

  /// Whom WireGuard accepted what comes from this address from; null when that was nobody at the last reading.
  [[nodiscard]] const Entry* owner(Ipv4Address source) const;
  [[nodiscard]] const Entry* find(ospf::LinkId link) const;
  [[nodiscard]] const Entry* find(const wg::Key& key) const;
  /// In the order of their keys, also those that are no links.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_{};
  std::unordered_map<wg::Key, std::size_t> by_key_{};
  std::unordered_map<ospf::LinkId, std::size_t> by_link_{};
  std::unordered_map<Ipv4Address, std::size_t> by_address_{};  ///< of those that hold it
  std::unordered_map<ospf::LinkId, std::string> shown_{};      ///< of links
  std::shared_ptr<const wg::Device> device_{};
  mutable std::optional<wg::AllowedIpMap> map_{};  ///< of device_, made when it is asked for
};

}  // namespace wgospf::daemon

#pragma once
// The forwarding of hosts that have WireGuard interfaces with several peers, as it follows from the routes that
// the instances tell, and what its filters make of packets. An interface has one table of allowed-ips: by the
// longest entry for the destination it chooses the peer, and it drops what comes from a peer when the longest
// entry for the source is another's (WIREGUARD's cryptokey routing).
//
// What the entries are to be is planned naively: a prefix is the peer's over which its route leads, and a peer's
// own address is pinned to it. A change of routes is carried out in steps, each a moment after the one before:
// entries added or moved, routes, entries removed.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/network.h"
#include "tests/sim/oracles.h"
#include "tests/sim/random.h"

namespace wgospf::sim {

class AllowedIps {
 public:
  /// Watches the network from now on.
  AllowedIps(Network& network, Random random);

  /// At rest: from each LAN a packet gets to each other one, whatever of several ways it takes, and nothing drops
  /// it. Of LANs at one running router alone, that no longer prefix of another covers. And nobody speaks for others:
  /// from a peer those LANs alone are taken as a source that the routes of the reference lead to over it.
  void check(Problems& problems) const;
  /// How many pairs of LANs, and passages over interfaces with several peers, check() has looked at.
  [[nodiscard]] std::size_t pairs() const { return pairs_; }
  [[nodiscard]] std::size_t passages() const { return passages_; }

 private:
  using Entries = std::map<Ipv4Prefix, LinkId>;  ///< of one interface: the link to the peer
  using Plan = std::map<ospf::DeviceId, Entries>;
  using Routes = std::map<Ipv4Prefix, std::vector<ospf::NextHop>>;
  struct Host {
    Plan entries;
    Routes routes;
    bool is_busy = false, has_more = false;
    std::uint64_t life = 0;
  };
  struct Lan {
    RouterIndex router = 0;
    Ipv4Address host;
  };

  void changed(RouterIndex router);
  void add_entries(RouterIndex router);
  void set_routes(RouterIndex router, const Plan& plan, Routes routes);
  void remove_entries(RouterIndex router, const Plan& plan);
  void later(RouterIndex router, std::function<void()> step);
  [[nodiscard]] Plan plan_of(RouterIndex router) const;
  [[nodiscard]] std::vector<Lan> lans() const;
  void check_forged(const std::vector<Lan>& lans, Problems& problems) const;
  /// "" when it arrives.
  [[nodiscard]] std::string walk(const Lan& from, const Lan& to) const;
  [[nodiscard]] bool takes(RouterIndex router, LinkId link, Ipv4Address address) const;

  Network& network_;
  Random random_;
  std::map<RouterIndex, Host> hosts_;
  mutable std::size_t pairs_ = 0, passages_ = 0;
};

}  // namespace wgospf::sim

#pragma once
// What may be said of a prefix, by whom and over which link. Pure: values in, a verdict out.
//
//   a policy     binds the router that a key speaks for, over whatever way its LSAs come
//   a door       is the link behind which the key is: what leads over it must be allowed to it, whoever says it
//   a network    that is connected to this machine: its hosts are there, and nobody announces a part of it
//   an address   that a peer speaks OSPF from is announced by its router alone
//
// A door without transit is what makes a policy hard to get round: a peer may say LSAs of any number of routers
// that it has invented, and none of them is known by a key.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "ospf/route/shown.h"

namespace wgospf::daemon {

struct AnnounceRules {
  struct Policy {
    std::string whose{};  ///< the link or peer that it is written for
    AnnouncePolicy allows{};
    bool is_transit = true;  ///< routers behind the one that it binds are believed
    bool operator==(const Policy&) const = default;
  };
  /// All that are written for a router bind it.
  using Policies = std::multimap<ospf::RouterId, Policy>;
  struct Door {
    Policy policy{};
    std::optional<ospf::RouterId> router{};  ///< that its key speaks for; nullopt: not known
    bool operator==(const Door&) const = default;
  };
  struct PeerAddress {
    ospf::RouterId router{};  ///< that its key speaks for
    std::string whose{};
    Ipv4Prefix subnet{};  ///< of the interface that it is on; the host itself where it is in none
    bool operator==(const PeerAddress&) const = default;
  };
  Policies of_routers{};
  std::map<ospf::LinkId, Door> of_links{};
  std::map<Ipv4Address, PeerAddress> of_addresses{};
  bool operator==(const AnnounceRules&) const = default;
};

/// Connected prefixes and the interfaces that they are on.
using ConnectedNetworks = std::map<Ipv4Prefix, std::string>;

/// Why a prefix is withheld.
struct Withheld {
  enum class Kind : std::uint8_t {
    prefix,   ///< `router` may not say it: `whose` policy
    metric,   ///< nor at `metric`, but from `min_metric` to `max_metric`
    behind,   ///< `router` is reached over the link `whose`, which may not say it for others
    network,  ///< it is a part of `network`, which is connected at `whose`
    address,  ///< it holds the address of `whose`, and `router` is not that peer's
  };
  Kind kind = Kind::prefix;
  ospf::RouterId router{};  ///< who says it
  std::string whose{};
  std::uint32_t metric = 0;  ///< that it says
  std::uint32_t min_metric = 0, max_metric = 0;
  Ipv4Prefix network{};
  bool operator==(const Withheld&) const = default;
};

/// "router 10.0.32.2 (wg-op2) may not announce it", or what else is the matter.
[[nodiscard]] std::string reason_of(const Withheld& withheld);
/// What is withheld for one reason from one, under a key of its own and in one line with the cure. `prefixes`: in
/// words.
[[nodiscard]] std::string subject_of(const Withheld& withheld);
[[nodiscard]] std::string describe(const Withheld& withheld, const std::vector<std::string>& prefixes);

class AnnounceJudge {
 public:
  using Origins = std::function<std::vector<ospf::PrefixOrigin>(const Ipv4Prefix&)>;

  void set_rules(AnnounceRules rules);
  [[nodiscard]] const AnnounceRules& rules() const { return rules_; }
  void set_networks(ConnectedNetworks networks);
  [[nodiscard]] const ConnectedNetworks& networks() const { return networks_; }
  [[nodiscard]] bool is_empty() const;
  /// Whether the link is one that something is held against.
  [[nodiscard]] bool is_door(ospf::LinkId link) const { return rules_.of_links.contains(link); }

  /// `doors`: those among the links that the route leads over. `origins` is asked where it matters.
  [[nodiscard]] std::optional<Withheld> judge(const Ipv4Prefix& prefix, std::span<const ospf::LinkId> doors,
                                              const Origins& origins) const;

 private:
  using Said = std::vector<ospf::PrefixOrigin>;
  [[nodiscard]] std::optional<Withheld> within_network(const Ipv4Prefix& prefix,
                                                       std::span<const ospf::LinkId> doors,
                                                       const Said& said) const;
  [[nodiscard]] std::optional<Withheld> of_peers(const Ipv4Prefix& prefix, const Said& said) const;
  [[nodiscard]] std::optional<Withheld> by_policy(const Ipv4Prefix& prefix, const Said& said) const;
  [[nodiscard]] std::optional<Withheld> by_door(const Ipv4Prefix& prefix, const AnnounceRules::Door& door,
                                                const Said& said) const;
  [[nodiscard]] bool is_allowed_as_anothers(const Ipv4Prefix& prefix, const ospf::PrefixOrigin& origin) const;
  /// The longest that the prefix is a part of; end() when there is none.
  [[nodiscard]] ConnectedNetworks::const_iterator network_of(const Ipv4Prefix& prefix) const;
  [[nodiscard]] const AnnounceRules::PeerAddress* address_in(const Ipv4Prefix& prefix) const;

  AnnounceRules rules_;
  ConnectedNetworks networks_;
  std::uint64_t lengths_ = 0;          ///< of networks_: bit by length
  std::uint8_t shortest_subnet_ = 32;  ///< of peers' addresses
};

}  // namespace wgospf::daemon

#pragma once
// Which routes of others are announced as AS-external, and how. Pure: foreign routes and rules go in, the
// difference to what is announced comes out.
//
// Clients that are here come before all of that (daemon/clients/): their prefixes are announced as they say.
//
// A prefix is announced once. When several routes or rules match, the first rule in the order of the
// configuration wins. The connected routes of an interface that OSPF runs on are left out whatever rule they
// match, since OSPF announces them anyway, and so is what no router may route (127/8, 169.254/16, multicast).
// That a route is not ours is rib's word: it never reports those of protocol 89.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/router_view.h"
#include "rib/report.h"

namespace wgospf::daemon {

class Redistribution {
 public:
  /// What rib is to report for these rules.
  [[nodiscard]] static rib::RedistributionWatch watch_for(const std::vector<RedistributeRule>& rules);

  void set_rules(std::vector<RedistributeRule> rules);
  /// Interfaces that OSPF runs on, passive ones included.
  void set_ospf_interfaces(std::set<std::uint32_t> ifindexes);
  /// A client's prefix is announced from now on, whatever the rules say; or is not any more.
  void set_client(const ospf::ExternalRoute& route);
  void remove_client(const Ipv4Prefix& prefix);
  void added(const rib::ForeignRoute& route);
  void removed(const rib::ForeignRoute& route);

  /// Examines at most `budget` prefixes, and tells what changes of their announcement, which may be nothing;
  /// nullopt when none is left to examine. Call until nullopt.
  [[nodiscard]] std::optional<ospf::ExternalsChanged> take_changes(std::size_t budget);
  [[nodiscard]] std::size_t announced() const { return announced_.size(); }
  [[nodiscard]] bool announces(const Ipv4Prefix& prefix) const { return announced_.contains(prefix); }

 private:
  [[nodiscard]] std::optional<ospf::ExternalRoute> wanted(const Ipv4Prefix& prefix) const;
  void touch_all();
  [[nodiscard]] std::optional<Ipv4Prefix> next_to_examine();
  void examine(const Ipv4Prefix& prefix, ospf::ExternalsChanged& changes);

  std::vector<RedistributeRule> rules_;
  std::set<std::uint32_t> ospf_interfaces_;
  std::map<Ipv4Prefix, std::set<rib::ForeignRoute>> routes_;
  std::map<Ipv4Prefix, ospf::ExternalRoute> clients_;
  std::map<Ipv4Prefix, ospf::ExternalRoute> announced_;
  std::set<Ipv4Prefix> touched_;
  /// All are to be examined: where that goes on, first among the routes, then among what is announced.
  std::optional<Ipv4Prefix> next_route_, next_announced_;
};

}  // namespace wgospf::daemon

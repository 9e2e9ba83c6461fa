#pragma once
// What a driver makes of the RouteChange stream: a table kept by applying the changes, nothing else. It
// checks the promises of route.h on the way (order within a generation, no dangling sets) and compares with
// the published one.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ospf/instance.h"
#include "ospf/route/route.h"
#include "ospf/v2/v2.h"

namespace wgospf::sim {

class TableModel {
 public:
  /// What is wrong with the change, given all before it; nullopt when it keeps the promises.
  [[nodiscard]] std::optional<std::string> apply(const ospf::RouteChange<ospf::V2>& change);
  /// The first difference to the published table; nullopt when they say the same.
  [[nodiscard]] std::optional<std::string> compare(const ospf::RouteTable<ospf::V2>& table) const;
  /// The ways to exactly this prefix; nullptr when there is no route, or it is attached.
  [[nodiscard]] const std::vector<ospf::NextHop>* next_hops(const Ipv4Prefix& prefix) const;

 private:
  [[nodiscard]] std::optional<std::string> check_order(const ospf::RouteChange<ospf::V2>& change);
  [[nodiscard]] std::optional<std::string> prefix_changed(const ospf::Route<ospf::V2>& route);
  [[nodiscard]] std::optional<std::string> prefix_gone(const Ipv4Prefix& prefix);

  std::map<Ipv4Prefix, ospf::Route<ospf::V2>> routes_;
  std::map<ospf::SetId, std::vector<ospf::NextHop>> sets_;
  std::map<ospf::SetId, std::size_t> users_;  ///< prefixes of each set
  ospf::Generation generation_{};
  int phase_ = 0;  ///< within the generation: 0 sets changed, 1 prefixes, 2 sets gone
};

}  // namespace wgospf::sim

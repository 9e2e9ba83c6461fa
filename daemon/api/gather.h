#pragma once
// What is read of the router on the strand for more than one kind of answer.

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "daemon/api/convert.h"
#include "daemon/router_view.h"

namespace wgospf::daemon::api {

using WireguardViews = std::shared_ptr<const std::vector<WireguardView>>;

/// On the strand: the names of all configured links.
[[nodiscard]] NameMap link_names(RouterView& router, const std::vector<ospf::InterfaceInfo>& interfaces);

/// What the interface is as a WireGuard device; null when it is none.
class ViewsByLink {
 public:
  explicit ViewsByLink(const WireguardViews& views);
  [[nodiscard]] const WireguardView* find(ospf::LinkId link) const;

 private:
  WireguardViews views_;
  std::unordered_map<ospf::LinkId, const WireguardView*> by_link_;
};

}  // namespace wgospf::daemon::api

#include "daemon/api/gather.h"

#include <algorithm>

namespace wgospf::daemon::api {

NameMap link_names(RouterView& router, const std::vector<ospf::InterfaceInfo>& interfaces) {
  NameMap names;
  for (const auto& interface : interfaces) {
    names.emplace(interface.config.link, router.link_name(interface.config.link));
  }
  return names;
}

const WireguardView* find(const WireguardViews& views, ospf::LinkId link) {
  const auto found =
      std::find_if(views->begin(), views->end(), [link](const auto& view) { return view.link == link; });
  return found == views->end() ? nullptr : &*found;
}

std::vector<v1::Peer> peers_of(const WireguardViews& views, const std::vector<ospf::NeighborInfo>& neighbors,
                               SystemTime now) {
  std::vector<v1::Peer> peers;
  for (const auto& view : *views) {
    if (!view.device) continue;
    std::optional<ospf::RouterId> router;
    std::size_t on_link = 0;
    for (const auto& neighbor : neighbors) {
      if (neighbor.link != view.link) continue;
      router = neighbor.router_id;
      ++on_link;
    }
    if (on_link != 1 || view.device->peers.size() != 1) router.reset();
    for (const auto& peer : view.device->peers) peers.push_back(convert(view, peer, router, now));
  }
  return peers;
}

}  // namespace wgospf::daemon::api

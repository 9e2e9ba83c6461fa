#include "daemon/api/gather.h"

namespace wgospf::daemon::api {

NameMap link_names(RouterView& router, const std::vector<ospf::InterfaceInfo>& interfaces) {
  NameMap names;
  names.hostnames = router.hostnames();
  for (const auto& interface : interfaces) {
    names.emplace(interface.config.link, router.link_name(interface.config.link));
  }
  return names;
}

ViewsByLink::ViewsByLink(const WireguardViews& views) : views_(views) {
  for (const auto& view : *views_) by_link_.emplace(view.link, &view);
}

const WireguardView* ViewsByLink::find(ospf::LinkId link) const {
  const auto found = by_link_.find(link);
  return found == by_link_.end() ? nullptr : found->second;
}

}  // namespace wgospf::daemon::api

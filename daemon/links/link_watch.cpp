#include "daemon/links/link_watch.h"

#include "wgadapter/device_backend.h"

namespace wgospf::daemon {

std::string LinkWatch::system_name(const std::string& name) const {
  const Link* link = find(name);
  return link == nullptr ? name : link->name;
}

bool LinkWatch::is_wireguard(const std::string& name) const {
  const Link* link = find(name);
  return link != nullptr && wg::looks_like_wireguard(link->name, link->kind);
}

}  // namespace wgospf::daemon

#include "wgadapter/endpoint_way.h"

#include <algorithm>
#include <set>
#include <utility>

namespace wgospf::wg {

namespace {

const Device* find_device(std::span<const Device* const> devices, std::uint32_t ifindex) {
  const auto found = std::find_if(devices.begin(), devices.end(),
                                  [&](const Device* device) { return device->ifindex == ifindex; });
  return found == devices.end() ? nullptr : *found;
}

}  // namespace

Result<void> check_way(std::span<const Device* const> devices, const std::string& name, const Key& peer,
                       const Endpoint& endpoint, const WayAsked& ask) {
  const auto own = std::find_if(devices.begin(), devices.end(),
                                [&](const Device* device) { return device->name == name; });
  if (own == devices.end()) return Error{ErrorCode::not_found, name + " has not been read yet"};
  const Device* device = *own;
  Endpoint to = endpoint;
  std::set<std::pair<const Device*, Key>> passed{{device, peer}};
  for (;;) {
    const auto way = ask(to.address, outer_of(*device, to));
    if (!way) return way.error();
    if (!way->place || way->ifindexes.empty())
      return Error{ErrorCode::not_found, "the kernel knows no way to " + to_string(to.address)};
    const Device* via = nullptr;
    for (const auto ifindex : way->ifindexes)
      if (via == nullptr) via = find_device(devices, ifindex);
    if (via == nullptr) return {};
    const auto owners = peers_covering(*via, to.address);
    if (!owners.empty() && !passed.emplace(via, owners.front()->public_key).second)
      return Error{ErrorCode::rejected, "the way to " + to_string(endpoint.address) +
                                            " leads into the tunnel itself (" + via->name + ")"};
    if (owners.empty() || !owners.front()->endpoint)
      return Error{ErrorCode::not_found, "the way to " + to_string(to.address) + " leads into " + via->name +
                                             ", where nobody takes it"};
    device = via;
    to = *owners.front()->endpoint;
  }
}

}  // namespace wgospf::wg

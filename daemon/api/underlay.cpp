#include "daemon/api/underlay.h"

#include <algorithm>
#include <utility>

#include "daemon/telling/words.h"
#include "wgadapter/underlay_reader.h"

namespace wgospf::daemon::api {

namespace {

std::string name_of(const UnderlayView& view, std::uint32_t ifindex) {
  const auto found = view.names.find(ifindex);
  return found == view.names.end() ? "interface " + std::to_string(ifindex) : printable(found->second);
}

void convert_way(const UnderlayView& view, const wg::Underlay& underlay, const wg::UnderlayPeer& peer,
                 v1::UnderlayEndpoint& out) {
  if (!peer.way || !peer.way->place) return;
  const wg::EndpointWay& way = *peer.way;
  for (const auto ifindex : way.ifindexes) out.add_devices(name_of(view, ifindex));
  if (way.gateway) out.set_gateway(to_string(*way.gateway));
  out.set_table(way.place->table);
  out.set_prefix_length(way.place->length);
  out.set_metric(way.place->metric);
  out.set_own(way.is_ours);
  const auto* ipv4 = std::get_if<Ipv4Address>(&peer.endpoint.address);
  if (ipv4 == nullptr) return;
  const auto outer = wg::outer_of(underlay.devices[peer.device], peer.endpoint);
  if (const auto rule = wg::deciding_rule(*way.place, underlay.rules, *ipv4, outer)) out.set_rule(*rule);
}

void convert_endpoint(const UnderlayView& view, const wg::Underlay& underlay, const wg::UnderlayPeer& peer,
                      v1::UnderlayEndpoint& out) {
  const wg::Device& device = underlay.devices[peer.device];
  out.set_interface(printable(device.name));
  out.set_public_key(device.peers[peer.peer].public_key.to_base64());
  out.set_endpoint(to_string(peer.endpoint));
  convert_way(view, underlay, peer, out);
  for (const auto& held : view.held)
    if (held.because_of == std::pair(device.name, peer.endpoint)) out.add_held_back(held.prefix.to_string());
}

}  // namespace

v1::GetUnderlayResponse convert(const UnderlayView& view, const wg::Underlay& underlay) {
  v1::GetUnderlayResponse out;
  out.set_mode(view.is_auto ? v1::UNDERLAY_MODE_AUTO : v1::UNDERLAY_MODE_OFF);
  out.set_table(view.own.apart);
  for (const auto& peer : underlay.peers) convert_endpoint(view, underlay, peer, *out.add_endpoints());
  std::map<Ipv4Prefix, const std::string*> routes;
  for (const auto& prefix : view.apart) routes.emplace(prefix, nullptr);
  for (const auto& held : view.held) routes[held.prefix] = &held.reason;
  for (const auto& [prefix, reason] : routes) {
    auto* route = out.add_routes();
    route->set_prefix(prefix.to_string());
    route->set_held_back(reason != nullptr);
    if (reason != nullptr) route->set_reason(*reason);
  }
  for (const auto& rule : view.rules) {
    auto* added = out.add_rules();
    added->set_rule(rule);
    added->set_in_place(view.are_rules_there);
  }
  for (const auto& device : underlay.devices) {
    auto* mark = out.add_marks();
    mark->set_interface(printable(device.name));
    mark->set_fwmark(device.fwmark);
  }
  out.set_problem(view.problem);
  return out;
}

UnaryCall<v1::GetUnderlayResponse>::Write gather_underlay(RouterView& router) {
  return [view = router.underlay()](v1::GetUnderlayResponse& response) {
    wg::Underlay underlay = *view.underlay;
    std::string trouble;
    auto reader = wg::UnderlayReader::open();
    if (!reader) {
      trouble = reader.error().text;
    } else if (const auto done = reader->read(underlay, view.own); !done) {
      trouble = done.error().text;
    }
    response = convert(view, underlay);
    if (response.problem().empty()) response.set_problem(trouble);
    return grpc::Status::OK;
  };
}

}  // namespace wgospf::daemon::api

#include "daemon/api/convert.h"

#include <fmt/format.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <array>

#include "daemon/telling/describe.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon::api {
namespace {

v1::InterfaceType interface_type(ospf::InterfaceType type) {
  switch (type) {
    case ospf::InterfaceType::point_to_point:
      return v1::INTERFACE_TYPE_POINT_TO_POINT;
    case ospf::InterfaceType::broadcast:
      return v1::INTERFACE_TYPE_BROADCAST;
    case ospf::InterfaceType::point_to_multipoint:
      return v1::INTERFACE_TYPE_POINT_TO_MULTIPOINT;
  }
  return v1::INTERFACE_TYPE_UNSPECIFIED;
}

v1::AllowedIpsProblem allowed_ips_problem(wg::CoverageFinding::Kind kind) {
  switch (kind) {
    case wg::CoverageFinding::Kind::no_peer:
      return v1::ALLOWED_IPS_PROBLEM_NO_PEER;
    case wg::CoverageFinding::Kind::several_peers:
      return v1::ALLOWED_IPS_PROBLEM_SEVERAL_PEERS;
    case wg::CoverageFinding::Kind::not_covered:
      return v1::ALLOWED_IPS_PROBLEM_NOT_COVERED;
    case wg::CoverageFinding::Kind::other_peer:
      return v1::ALLOWED_IPS_PROBLEM_OTHER_PEER;
    case wg::CoverageFinding::Kind::routes:
      return v1::ALLOWED_IPS_PROBLEM_ROUTES_NOT_COVERED;
  }
  return v1::ALLOWED_IPS_PROBLEM_UNSPECIFIED;
}

void count_packets(const std::array<std::uint64_t, 6>& by_type, v1::PacketCounters& out) {
  out.set_hello(by_type[1]);
  out.set_database_description(by_type[2]);
  out.set_link_state_request(by_type[3]);
  out.set_link_state_update(by_type[4]);
  out.set_link_state_acknowledgment(by_type[5]);
}

/// Only reasons that were seen.
template <class Message>
void convert_drops(const ospf::DropCounters& drops, Message& out) {
  for (std::size_t i = 0; i < drops.values.size(); ++i) {
    if (drops.values[i] == 0) continue;
    auto* counter = out.add_drops();
    counter->set_reason(std::string(to_string(static_cast<ospf::DropReason>(i))));
    counter->set_count(drops.values[i]);
  }
}

void convert_remaining(ospf::Instant until, ospf::Instant now, google::protobuf::Duration& out) {
  api::convert(std::max(until - now, ospf::Duration::zero()), out);
}

}  // namespace

std::string name_in(const NameMap& names, ospf::LinkId link) {
  const auto found = names.find(link);
  return found != names.end() ? found->second : fmt::format("link {}", link.value);
}

std::string hostname_in(const NameMap& names, ospf::RouterId router) {
  if (!names.hostnames) return {};
  const auto found = names.hostnames->find(router);
  return found != names.hostnames->end() ? found->second : std::string();
}

v1::InterfaceState convert(ospf::InterfaceState state) {
  switch (state) {
    case ospf::InterfaceState::down:
      return v1::INTERFACE_STATE_DOWN;
    case ospf::InterfaceState::loopback:
      return v1::INTERFACE_STATE_LOOPBACK;
    case ospf::InterfaceState::waiting:
      return v1::INTERFACE_STATE_WAITING;
    case ospf::InterfaceState::point_to_point:
      return v1::INTERFACE_STATE_POINT_TO_POINT;
    case ospf::InterfaceState::dr_other:
      return v1::INTERFACE_STATE_DR_OTHER;
    case ospf::InterfaceState::backup:
      return v1::INTERFACE_STATE_BDR;
    case ospf::InterfaceState::dr:
      return v1::INTERFACE_STATE_DR;
  }
  return v1::INTERFACE_STATE_UNSPECIFIED;
}

v1::NeighborState convert(ospf::NeighborState state) {
  switch (state) {
    case ospf::NeighborState::down:
      return v1::NEIGHBOR_STATE_DOWN;
    case ospf::NeighborState::attempt:
      return v1::NEIGHBOR_STATE_ATTEMPT;
    case ospf::NeighborState::init:
      return v1::NEIGHBOR_STATE_INIT;
    case ospf::NeighborState::two_way:
      return v1::NEIGHBOR_STATE_2_WAY;
    case ospf::NeighborState::ex_start:
      return v1::NEIGHBOR_STATE_EXSTART;
    case ospf::NeighborState::exchange:
      return v1::NEIGHBOR_STATE_EXCHANGE;
    case ospf::NeighborState::loading:
      return v1::NEIGHBOR_STATE_LOADING;
    case ospf::NeighborState::full:
      return v1::NEIGHBOR_STATE_FULL;
  }
  return v1::NEIGHBOR_STATE_UNSPECIFIED;
}

v1::PathType convert(ospf::PathType type) {
  switch (type) {
    case ospf::PathType::intra_area:
      return v1::PATH_TYPE_INTRA_AREA;
    case ospf::PathType::inter_area:
      return v1::PATH_TYPE_INTER_AREA;
    case ospf::PathType::external_1:
      return v1::PATH_TYPE_EXTERNAL_1;
    case ospf::PathType::external_2:
      return v1::PATH_TYPE_EXTERNAL_2;
  }
  return v1::PATH_TYPE_UNSPECIFIED;
}

v1::Severity convert(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return v1::SEVERITY_DEBUG;
    case Severity::info:
      return v1::SEVERITY_INFO;
    case Severity::warning:
      return v1::SEVERITY_WARNING;
    case Severity::error:
      return v1::SEVERITY_ERROR;
  }
  return v1::SEVERITY_UNSPECIFIED;
}

void convert(std::chrono::nanoseconds duration, google::protobuf::Duration& out) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<std::int32_t>((duration - seconds).count()));
}

void convert(SystemTime time, google::protobuf::Timestamp& out) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  out.set_seconds(whole.time_since_epoch().count());
  out.set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(time - whole).count()));
}

v1::Interface convert(const ospf::InterfaceInfo& info, const WireguardView* wireguard, ospf::Instant now) {
  v1::Interface out;
  out.set_name(printable(info.config.name));
  out.set_area_id(info.config.area.to_string());
  out.set_interface_type(interface_type(info.config.type));
  out.set_passive(info.config.passive);
  out.set_state(convert(info.state));
  out.set_cost(info.cost);
  out.set_hello_interval(info.config.hello_interval);
  out.set_dead_interval(info.config.dead_interval);
  out.set_retransmit_interval(info.config.retransmit_interval);
  out.set_transmit_delay(info.config.transmit_delay);
  out.set_mtu_ignore(info.config.mtu_ignore);
  out.set_link_up(info.status.up);
  out.set_if_index(info.status.ifindex.value);
  out.set_mtu(info.status.mtu);
  for (const auto& address : info.status.addresses) {
    out.add_addresses(fmt::format("{}/{}", to_string(address.address), address.prefix_length));
  }
  if (info.status.unnumbered_source) out.set_unnumbered_source(to_string(*info.status.unnumbered_source));
  out.set_neighbor_count(info.neighbor_count);
  out.set_full_count(info.full_count);
  if (info.next_hello) convert_remaining(*info.next_hello, now, *out.mutable_hello_due());
  count_packets(info.packets.received, *out.mutable_received());
  count_packets(info.packets.sent, *out.mutable_sent());
  convert_drops(info.drops, out);
  if (info.config.peer_address) out.set_peer_address(to_string(*info.config.peer_address));
  out.set_peer_asleep(info.peer_asleep);
  out.set_wireguard(wireguard != nullptr);
  if (!wireguard) return out;
  out.set_path_mtu(wireguard->path_mtu);
  if (wireguard->link_local) out.set_link_local_address(wireguard->link_local->to_string());
  for (const auto& finding : wireguard->findings) {
    auto* added = out.add_allowed_ips_findings();
    added->set_problem(allowed_ips_problem(finding.kind));
    if (finding.address) added->set_address(to_string(*finding.address));
    added->set_text(printable(finding.text));
  }
  return out;
}

v1::Neighbor convert(const ospf::NeighborInfo& info, const NameMap& names, ospf::Instant now) {
  v1::Neighbor out;
  out.set_interface(name_in(names, info.link));
  out.set_neighbor_router_id(info.router_id.to_string());
  out.set_address(to_string(info.address));
  out.set_state(convert(info.state));
  out.set_last_event(std::string(to_string(info.last_event)));
  convert(now - info.last_state_change, *out.mutable_state_age());
  out.set_state_changes(info.state_changes);
  if (info.dead_at) convert_remaining(*info.dead_at, now, *out.mutable_dead_timer());
  for (const auto& name : option_names(info.options)) out.add_options(name);
  out.set_priority(info.priority);
  out.set_mtu(info.mtu);
  out.set_request_list(info.request_list);
  out.set_retransmission_list(info.retransmission_list);
  out.set_database_summary(info.database_summary);
  out.set_problem(describe_problem(info));
  out.set_hostname(hostname_in(names, info.router_id));
  return out;
}

void convert(const LivenessView& view, ospf::Instant now, v1::Liveness& out) {
  switch (view.last_sign) {
    case SignOfLife::ospf:
      out.set_last_sign(v1::SIGN_OF_LIFE_OSPF);
      break;
    case SignOfLife::traffic:
      out.set_last_sign(v1::SIGN_OF_LIFE_TRAFFIC);
      break;
    case SignOfLife::handshake:
      out.set_last_sign(v1::SIGN_OF_LIFE_HANDSHAKE);
      break;
    case SignOfLife::echo:
      out.set_last_sign(v1::SIGN_OF_LIFE_ECHO);
      break;
  }
  convert(std::max(now - view.last_sign_at, ospf::Duration{}), *out.mutable_last_sign_age());
  out.set_suspect(view.is_suspect);
  if (!view.answers_echoes)
    out.set_echo_answers(v1::ECHO_ANSWERS_UNKNOWN);
  else
    out.set_echo_answers(*view.answers_echoes ? v1::ECHO_ANSWERS_YES : v1::ECHO_ANSWERS_NO);
  out.set_loss(view.loss);
  out.set_loss_samples(view.loss_samples);
  if (view.round_trip) convert(*view.round_trip, *out.mutable_round_trip());
  convert(view.patience, *out.mutable_patience());
}

v1::Neighbor convert(const ospf::RefusedSender& refused, const std::string& interface, ospf::Instant now) {
  v1::Neighbor out;
  out.set_interface(interface);
  out.set_neighbor_router_id(refused.router_id.to_string());
  out.set_address(to_string(refused.address));
  out.set_state(v1::NEIGHBOR_STATE_DOWN);
  convert(now - refused.since, *out.mutable_state_age());
  out.set_problem(describe_refused(refused));
  return out;
}

void convert_problems(const std::vector<ospf::NeighborInfo>& neighbors, const ospf::InterfaceInfo& info,
                      v1::Interface& out) {
  const auto add = [&](ospf::RouterId id, const IpAddress& address, const std::string& problem) {
    if (!problem.empty())
      out.add_problems(fmt::format("{} ({}): {}", id.to_string(), to_string(address), problem));
  };
  for (const auto& neighbor : neighbors)
    if (neighbor.link == info.config.link)
      add(neighbor.router_id, neighbor.address, describe_problem(neighbor));
  for (const auto& refused : info.refused) add(refused.router_id, refused.address, describe_refused(refused));
}

v1::NextHop convert(const ospf::NextHop& next_hop, const NameMap& names) {
  v1::NextHop out;
  out.set_interface(name_in(names, next_hop.link));
  if (next_hop.gateway) out.set_address(to_string(*next_hop.gateway));
  out.set_neighbor_router_id(next_hop.router.to_string());
  out.set_neighbor_hostname(hostname_in(names, next_hop.router));
  return out;
}

v1::Route convert(const ospf::Route<V2>& route, const std::vector<ospf::NextHop>& next_hops,
                  const NameMap& names) {
  v1::Route out;
  out.set_prefix(route.prefix.to_string());
  out.set_path_type(convert(route.path_type));
  out.set_metric(route.metric);
  out.set_type2_metric(route.type2_metric);
  if (route.path_type == ospf::PathType::intra_area || route.path_type == ospf::PathType::inter_area) {
    out.set_area_id(route.area.to_string());
  }
  out.set_tag(route.tag);
  out.set_next_hop_set(route.set.value);
  for (const auto& next_hop : next_hops) *out.add_next_hops() = convert(next_hop, names);
  return out;
}

void convert(const RouteKernelState& state, v1::Route& out) {
  switch (state.kind) {
    case RouteKernelState::Kind::attached:
      out.set_kernel_state(v1::KERNEL_STATE_ATTACHED);
      break;
    case RouteKernelState::Kind::pending:
      out.set_kernel_state(v1::KERNEL_STATE_PENDING);
      break;
    case RouteKernelState::Kind::installed:
      out.set_kernel_state(v1::KERNEL_STATE_INSTALLED);
      break;
    case RouteKernelState::Kind::failed:
      out.set_kernel_state(v1::KERNEL_STATE_FAILED);
      break;
    case RouteKernelState::Kind::missing:
      out.set_kernel_state(v1::KERNEL_STATE_MISSING);
      break;
    case RouteKernelState::Kind::hidden:
      out.set_kernel_state(v1::KERNEL_STATE_HIDDEN);
      break;
    case RouteKernelState::Kind::held_back:
      out.set_kernel_state(v1::KERNEL_STATE_HELD_BACK);
      break;
    case RouteKernelState::Kind::withheld:
      out.set_kernel_state(v1::KERNEL_STATE_WITHHELD);
      break;
  }
  out.set_kernel_error(printable(state.error));
}

v1::Path convert(const ospf::PrefixPath& path, const NameMap& names) {
  v1::Path out;
  for (std::size_t i = 0; i < path.hops.size(); ++i) {
    const auto& hop = path.hops[i];
    auto* added = out.add_hops();
    added->set_router_id(hop.router.to_string());
    added->set_hostname(hostname_in(names, hop.router));
    if (i + 1 == path.hops.size()) continue;  // it advertises the prefix; there is no link out of it
    added->set_cost(hop.cost);
    added->set_via_network(hop.via_network);
    if (hop.link) {
      added->set_interface(name_in(names, *hop.link));
    } else if (hop.link_data_is_index) {
      added->set_link_if_index(hop.link_data);
    } else {
      added->set_link_address(Ipv4Address{hop.link_data}.to_string());
    }
  }
  out.set_metric(path.metric);
  out.set_path_type(convert(path.path_type));
  out.set_advertised_by(convert(path.advertised_by.type));
  out.set_lsa_id(path.advertised_by.id.to_string());
  out.set_adv_router(path.advertised_by.advertising_router.to_string());
  out.set_advertised_cost(path.advertised_cost);
  return out;
}

v1::WireguardDevice convert(const WireguardView& view) {
  v1::WireguardDevice out;
  out.set_interface(printable(view.name));
  out.set_error(printable(view.error));
  if (!view.device) return out;
  if (view.device->public_key) out.set_public_key(view.device->public_key->to_base64());
  out.set_listen_port(view.device->listen_port);
  out.set_fwmark(view.device->fwmark);
  out.set_backend(view.device->backend == wg::BackendKind::kernel ? v1::WIREGUARD_BACKEND_KERNEL
                                                                  : v1::WIREGUARD_BACKEND_USERSPACE);
  return out;
}

v1::KernelStatus convert(const KernelView& kernel) {
  v1::KernelStatus out;
  out.set_table(kernel.table);
  out.set_metric(kernel.metric);
  out.set_acknowledged_generation(kernel.acknowledged_generation);
  out.set_drifts(kernel.drifts);
  out.set_failure_count(kernel.failure_count);
  for (const auto& [subject, text] : kernel.failures) {
    auto* failure = out.add_failures();
    failure->set_subject(printable(subject));
    failure->set_text(printable(text));
  }
  out.set_routes(kernel.counters.routes);
  out.set_adopted(kernel.counters.adopted);
  out.set_pending(kernel.counters.pending);
  out.set_missing(kernel.counters.missing);
  out.set_hidden(kernel.counters.hidden);
  out.set_withheld(kernel.withheld);
  return out;
}

v1::ProtocolStatistics convert(const ospf::Statistics& statistics) {
  v1::ProtocolStatistics out;
  out.set_lsas_originated(statistics.lsas_originated);
  out.set_lsas_received(statistics.lsas_received);
  out.set_lsas_flushed(statistics.lsas_flushed);
  out.set_retransmissions(statistics.retransmissions);
  out.set_unexpected_events(statistics.unexpected_events);
  out.set_spf_full(statistics.spf_full);
  out.set_spf_prefixes_only(statistics.spf_prefixes_only);
  out.set_timers(statistics.timers);
  count_packets(statistics.packets.received, *out.mutable_received());
  count_packets(statistics.packets.sent, *out.mutable_sent());
  convert_drops(statistics.drops, out);
  return out;
}

}  // namespace wgospf::daemon::api

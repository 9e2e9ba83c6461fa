// The metrics' names and words. Names follow Prometheus' conventions (base units, _total for what only grows), which
// `promtool check metrics` looks at in integration.metrics.

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "daemon/metrics/facts.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon::metrics {

namespace {

using prometheus::MetricType;
using Labels = std::vector<prometheus::ClientMetric::Label>;

class Families {
 public:
  void begin(MetricType type, const char* name, const char* help) {
    families_.push_back({std::string("wgospf_") + name, help, type, {}});
  }
  template <class Number>
  void add(Labels labels, Number number) {
    auto& family = families_.back();
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    const auto value = static_cast<double>(number);
    if (family.type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    family.metric.push_back(std::move(metric));
  }
  template <class Number>
  void gauge(const char* name, const char* help, Number number) {
    begin(MetricType::Gauge, name, help);
    add({}, number);
  }
  template <class Number>
  void counter(const char* name, const char* help, Number number) {
    begin(MetricType::Counter, name, help);
    add({}, number);
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return out.str();
  }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

constexpr std::array<const char*, 6> kPacketTypes{"",
                                                  "hello",
                                                  "database_description",
                                                  "link_state_request",
                                                  "link_state_update",
                                                  "link_state_acknowledgment"};

void add_statistics(const ospf::Statistics& of, Families& to) {
  to.counter("lsas_originated_total", "LSAs that this router has originated.", of.lsas_originated);
  to.counter("lsas_received_total", "LSAs received from neighbors.", of.lsas_received);
  to.counter("lsas_flushed_total", "LSAs flushed.", of.lsas_flushed);
  to.counter("lsa_retransmissions_total", "LSAs sent again for want of an acknowledgment.",
             of.retransmissions);
  to.begin(MetricType::Counter, "spf_runs_total", "Route calculations by kind.");
  to.add({{"kind", "full"}}, of.spf_full);
  to.add({{"kind", "prefixes_only"}}, of.spf_prefixes_only);
  to.counter("unexpected_events_total", "State machine events without an entry in the RFC's table.",
             of.unexpected_events);
  to.gauge("lsdb_lsas", "LSAs in the database.", of.lsdb_size);
  to.gauge("lsdb_bytes", "Length of the LSAs in the database.", of.lsdb_bytes);
  to.gauge("lsdb_full", "1 when LSAs of neighbors are refused because the database is full.",
           of.database_full ? 1 : 0);
  to.gauge("routes", "Prefixes in the routing table.", of.routes);
  to.begin(MetricType::Counter, "packets_dropped_total", "Packets that were not used, by reason.");
  for (std::size_t i = 0; i < of.drops.values.size(); ++i) {
    if (of.drops.values[i] > 0)
      to.add({{"reason", std::string(to_string(static_cast<ospf::DropReason>(i)))}}, of.drops.values[i]);
  }
}

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

/// Those of neighbors bear their names and go with them; these only grow.
void add_changes(const EventCounts& of, Families& to) {
  to.begin(MetricType::Counter, "adjacency_changes_total",
           "Adjacencies that became Full, and that were lost.");
  to.add({{"change", "formed"}}, of.adjacencies_formed);
  to.add({{"change", "lost"}}, of.adjacencies_lost);
  to.counter("neighbor_changes_total", "Changes of the state of any neighbor.", of.neighbor_state_changes);
  to.counter("interface_state_changes_total", "Changes of the state of any interface.",
             of.interface_state_changes);
}

void add_calculations(const CalculationTimes& of, Families& to) {
  to.counter("spf_seconds_total", "Time of the turns in which routes were calculated.", seconds(of.total));
  to.gauge("spf_last_seconds", "Time of the last of them.", seconds(of.last));
  to.gauge("spf_longest_seconds", "Time of the longest of them.", seconds(of.longest));
}

void add_kernel(const KernelView& of, Families& to) {
  to.gauge("kernel_settled", "1 when the kernel is known to hold all that is wanted.", of.is_settled ? 1 : 0);
  to.gauge("kernel_routes", "Routes of ours in the kernel, those of a former run included.",
           of.counters.routes);
  to.begin(MetricType::Gauge, "kernel_routes_not_installed",
           "Wanted routes that packets do not follow, by reason.");
  to.add({{"reason", "failed"}}, of.failure_count);
  to.add({{"reason", "missing"}}, of.counters.missing);
  to.add({{"reason", "hidden"}}, of.counters.hidden);
  to.add({{"reason", "withheld"}}, of.withheld);
  to.counter("kernel_drifts_total", "Objects of ours that others changed, and that were put back.",
             of.drifts);
}

void add_packets(const std::vector<ospf::InterfaceInfo>& interfaces, Families& to) {
  to.begin(MetricType::Counter, "packets_received_total", "Packets received, by interface and type.");
  for (const auto& of : interfaces)
    for (std::size_t type = 1; type < kPacketTypes.size(); ++type)
      to.add({{"interface", printable(of.config.name)}, {"type", kPacketTypes[type]}},
             of.packets.received[type]);
  to.begin(MetricType::Counter, "packets_sent_total", "Packets sent, by interface and type.");
  for (const auto& of : interfaces)
    for (std::size_t type = 1; type < kPacketTypes.size(); ++type)
      to.add({{"interface", printable(of.config.name)}, {"type", kPacketTypes[type]}}, of.packets.sent[type]);
}

void add_interfaces(const std::vector<ospf::InterfaceInfo>& interfaces, Families& to) {
  const auto each = [&](const char* name, const char* help, const auto& value) {
    to.begin(MetricType::Gauge, name, help);
    for (const auto& of : interfaces) to.add({{"interface", printable(of.config.name)}}, value(of));
  };
  each("interface_up", "1 when OSPF runs on the interface.",
       [](const auto& of) { return of.state == ospf::InterfaceState::down ? 0 : 1; });
  each("interface_cost", "Cost of the interface, as it is used.", [](const auto& of) { return of.cost; });
  each("interface_neighbors", "Neighbors on the interface.",
       [](const auto& of) { return of.neighbor_count; });
  each("interface_full_neighbors", "Full neighbors on the interface.",
       [](const auto& of) { return of.full_count; });
}

Labels labels_of(const Facts::Neighbor& neighbor) {
  return {{"interface", printable(neighbor.interface)}, {"neighbor", neighbor.info.router_id.to_string()}};
}

void add_neighbors(const std::vector<Facts::Neighbor>& neighbors, Families& to) {
  to.begin(MetricType::Gauge, "neighbor_full", "1 when the adjacency is Full.");
  for (const auto& of : neighbors) to.add(labels_of(of), of.info.state == ospf::NeighborState::full ? 1 : 0);
  to.begin(MetricType::Counter, "neighbor_state_changes_total", "Changes of the neighbor's state.");
  for (const auto& of : neighbors) to.add(labels_of(of), of.info.state_changes);
  to.begin(MetricType::Gauge, "neighbor_retransmission_list_lsas",
           "LSAs that the neighbor has yet to acknowledge.");
  for (const auto& of : neighbors) to.add(labels_of(of), of.info.retransmission_list);
}

/// Each device once, also where its peers are links of their own.
template <class Value>
void add_peers(const std::vector<WireguardView>& views, Families& to, Value value) {
  std::set<std::string> seen;
  for (const auto& view : views) {
    if (!view.device || !seen.insert(view.device->name).second) continue;
    for (const auto& peer : view.device->peers) {
      const auto number = value(peer);
      if (number)
        to.add({{"interface", printable(view.device->name)}, {"public_key", peer.public_key.to_base64()}},
               *number);
    }
  }
}

void add_wireguard(const std::vector<WireguardView>& views, std::chrono::system_clock::time_point now,
                   Families& to) {
  using Number = std::optional<double>;
  to.begin(MetricType::Gauge, "wireguard_handshake_age_seconds",
           "Time since the last handshake; none of a peer that has had none.");
  add_peers(views, to, [now](const wg::Peer& peer) -> Number {
    if (!peer.last_handshake) return std::nullopt;
    return std::chrono::duration<double>(now - *peer.last_handshake).count();
  });
  to.begin(MetricType::Counter, "wireguard_received_bytes_total", "Bytes received from the peer.");
  add_peers(views, to, [](const wg::Peer& peer) -> Number { return static_cast<double>(peer.rx_bytes); });
  to.begin(MetricType::Counter, "wireguard_sent_bytes_total", "Bytes sent to the peer.");
  add_peers(views, to, [](const wg::Peer& peer) -> Number { return static_cast<double>(peer.tx_bytes); });
  to.begin(MetricType::Gauge, "wireguard_allowed_ips_findings", "What allowed-ips keep from passing.");
  for (const auto& view : views) to.add({{"interface", printable(view.name)}}, view.findings.size());
}

}  // namespace

std::string to_text(const Facts& facts, std::chrono::system_clock::time_point now) {
  Families families;
  families.begin(MetricType::Gauge, "build_info", "1, with what this program is.");
  families.add({{"version", facts.version}}, 1);
  families.gauge("uptime_seconds", "Time since the start.",
                 std::chrono::duration<double>(facts.uptime).count());
  families.gauge("warnings", "What an operator should look at; \"wgospfctl show status\" lists it.",
                 facts.warning_count);
  families.gauge("running", "1 when there is a router id, and the protocol runs.", facts.is_running ? 1 : 0);
  families.gauge("api_calls", "Calls that clients of the API have open.", facts.api.calls);
  families.gauge("api_watchers", "Watch streams of the API.", facts.api.watchers);
  if (!facts.is_running) return families.text();
  families.begin(MetricType::Gauge, "router_info", "1, with the router id.");
  families.add({{"router_id", facts.router_id.to_string()}}, 1);
  families.gauge("converged", "1 when every interface with a neighbor is Full and the kernel has all routes.",
                 facts.is_converged ? 1 : 0);
  add_statistics(facts.statistics, families);
  add_changes(facts.events, families);
  add_calculations(facts.calculations, families);
  add_kernel(facts.kernel, families);
  add_interfaces(facts.interfaces, families);
  add_packets(facts.interfaces, families);
  add_neighbors(facts.neighbors, families);
  add_wireguard(*facts.wireguard, now, families);
  return families.text();
}

}  // namespace wgospf::daemon::metrics

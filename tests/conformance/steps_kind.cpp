// Exchanges: given the database of `preload`, when this packet arrives or this event happens, these packets
// must go out and these routes result.
//
// The router of the preload is a real Instance with its interfaces and addresses; each neighbour is a
// scripted peer that holds the preload's LSAs (those of the router itself excepted: it originates them), and
// is Full before the first step. Then each step's events happen, and within a second, before any peer says
// more:
//   expected_protocol   exactly these updates and acknowledgements go out (none, where the list is absent):
//   for
//                       each packet the link, and for each LSA its key, whether it is being flushed, and of a
//                       router-LSA the set of links. Sequence numbers are the instance's own
//   expected_rib        the same prefixes, costs, types and next hops; not compared where the step makes the
//                       router originate its router-LSA, since the recording was made before the calculation
//                       that follows (a note counts these)
// Expected notifications, state files and bus messages are the recording router's own and not compared.
//
// What the recording router says only when its delay of the calculation is over (an event of its own) is said here at
// once: such a step counts with the one before.
//
// Covered: OSPFv2, point-to-point and loopback interfaces; packets received, addresses added, and areas and interfaces
// configured. All else is skipped, with the reason.

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/conformance/kinds.h"
#include "tests/support/scripted_peer.h"

namespace wgospf::conformance {
namespace {

using namespace wgospf::ospf;
using test::Bench;
using test::ScriptedPeer;

constexpr std::uint16_t kHelloInterval = 3;  ///< of the recorded networks, as their hellos say
constexpr std::uint32_t kDeadInterval = 12;
constexpr Duration kWindow = seconds{1} + milliseconds{100};

Ipv4Address address_of(const json& text) {
  const auto address = Ipv4Address::parse(text.get<std::string>());
  if (!address) throw std::invalid_argument("not an IPv4 address: " + text.dump());
  return *address;
}

RouterId router_of(const json& text) {
  return RouterId{address_of(text).value};
}

AreaId area_of(const json& text) {
  return AreaId{address_of(text).value};
}

AreaType area_type(const json& area) {
  const std::string type = area.at("type");
  return type == "stub-area" ? AreaType::stub : type == "nssa-area" ? AreaType::nssa : AreaType::normal;
}

std::uint8_t hello_options(AreaType type) {
  return type == AreaType::normal ? Options::kExternal : type == AreaType::nssa ? Options::kNssa : 0;
}

/// "10.0.7.6/24" with its host bits; nullopt for an IPv6 address.
std::optional<InterfaceAddress> interface_address(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto address = Ipv4Address::parse(text.substr(0, slash));
  if (!address || slash == std::string::npos) return std::nullopt;
  return InterfaceAddress{*address, static_cast<std::uint8_t>(std::stoi(text.substr(slash + 1)))};
}

/// The areas that a change of configuration names; null where it is about something else.
const json* changed_areas(const json& input) {
  if (input.at("kind") != "northbound-config-change") return nullptr;
  const json::json_pointer at(
      "/data/ietf-routing:routing/control-plane-protocols/control-plane-protocol/0/ietf-ospf:ospf/areas/"
      "area");
  return input.contains(at) ? &input.at(at) : nullptr;
}

bool is_operation(const json& node, const char* leaf, std::string_view operation) {
  const auto meta = node.find(leaf);
  return meta != node.end() && meta->value("yang:operation", "") == operation;
}

/// A change of areas' leaves that are built, or of interfaces' presence and cost.
bool is_of_areas(const json& input) {
  static const std::set<std::string> built{"@",       "area-id",  "interfaces",   "ranges",
                                           "summary", "@summary", "default-cost", "@default-cost"};
  static const std::set<std::string> of_interfaces{
      "@", "name", "interface-type", "hello-interval", "dead-interval", "cost", "@cost"};
  const json* areas = changed_areas(input);
  if (areas == nullptr) return false;
  for (const json& area : *areas) {
    for (const auto& [leaf, value] : area.items())
      if (!built.contains(leaf)) return false;
    if (!area.contains("interfaces")) continue;
    for (const json& interface : area.at("interfaces").at("interface"))
      for (const auto& [leaf, value] : interface.items())
        if (!of_interfaces.contains(leaf)) return false;
  }
  return true;
}

/// The recording router's calculation had been delayed.
bool is_delay_over(const json& event) {
  const json::json_pointer at("/event/SpfDelayEvent/event");
  return event.contains(at) && event.at(at) == "DelayTimer";
}

/// Why a case is not covered; empty when it is.
std::string not_covered(const json& item, const json& preload) {
  for (const json& interface : preload.at("interfaces")) {
    const std::string state = interface.at("state").get<std::string>();
    if (state != "point-to-point" && state != "loopback") return "broadcast interfaces are not built yet";
  }
  for (const json& step : item.at("steps")) {
    const json& input = step.at("input");
    const std::string kind = input.at("kind").get<std::string>();
    if (is_of_areas(input)) continue;
    if (kind != "protocol" && kind != "ibus") return "the recording router's own configuration and commands";
    for (const json& event : input.at("events")) {
      if (is_delay_over(event)) continue;
      const bool address_added = event.contains("event") && event["event"].contains("InterfaceAddressAdd");
      if (!event.contains("rx") && !address_added) return "an event inside the recording router";
    }
  }
  if (item.at("test").get<std::string>().rfind("gr-helper", 0) == 0)
    return "graceful restart is not built yet";
  return {};
}

struct Fixture {
  InstanceConfig config;
  std::vector<Bench::Link> links;
  std::map<std::string, LinkId> names;
};

Fixture fixture_of(const json& preload) {
  Fixture fixture;
  fixture.config.router_id = router_of(preload.at("router_id"));
  fixture.config.spf_delay.long_delay = fixture.config.spf_delay.short_delay;  // as the daemon has it
  for (const json& area : preload.at("areas")) {
    AreaConfig config{area_of(area.at("area_id")), area_type(area)};
    config.summary = area.at("summary").get<bool>();
    config.default_cost = area.at("default_cost").get<std::uint32_t>();
    fixture.config.areas.push_back(config);
  }
  std::map<AreaId, std::vector<Lsa>> databases;
  for (const json& entry : preload.at("lsdb")) {
    if (router_of(entry.at("adv_rtr")) == fixture.config.router_id) continue;
    const Lsa lsa = Lsa::copy(from_hex(entry.at("hex").get<std::string>()));
    for (const AreaConfig& config : fixture.config.areas) {
      const bool is_in = entry.at("scope") == "as" ? config.type == AreaType::normal
                                                   : area_of(entry.at("area")) == config.id;
      if (is_in) databases[config.id].push_back(lsa);
    }
  }
  for (const json& item : preload.at("interfaces")) {
    const AreaId area = area_of(item.at("area"));
    const auto configured = std::find_if(fixture.config.areas.begin(), fixture.config.areas.end(),
                                         [&](const AreaConfig& config) { return config.id == area; });
    InterfaceConfig interface;
    interface.link = LinkId{static_cast<std::uint32_t>(fixture.links.size() + 1)};
    interface.device = DeviceId{interface.link.value};
    interface.name = item.at("name").get<std::string>();
    interface.area = area;
    interface.cost = item.at("cost").get<std::uint16_t>();
    interface.hello_interval = kHelloInterval;
    interface.dead_interval = kDeadInterval;
    Bench::Link link{interface.link, {}, {}};
    link.status.up = true;
    link.status.loopback = item.at("state") == "loopback";
    link.status.ifindex = InterfaceIndex{item.at("ifindex").get<std::uint32_t>()};
    link.status.mtu = item.at("mtu").get<std::uint32_t>();
    for (const json& text : item.at("addrs")) {
      if (const auto address = interface_address(text.get<std::string>()))
        link.status.addresses.push_back(*address);
    }
    for (const json& neighbor : item.at("neighbors")) {
      const ScriptedPeer::Identity identity{router_of(neighbor.at("router_id")),
                                            address_of(neighbor.at("address")),
                                            0xffffff00,
                                            kHelloInterval,
                                            kDeadInterval,
                                            area,
                                            hello_options(configured->type)};
      link.peer.emplace(identity, databases[area]);
    }
    fixture.names.emplace(interface.name, interface.link);
    fixture.config.interfaces.push_back(interface);
    fixture.links.push_back(std::move(link));
  }
  return fixture;
}

std::string to_text(const v2::RouterLsa& router) {
  std::set<std::string> links;
  for (const v2::RouterLink& link : router.links) {
    std::ostringstream out;
    out << static_cast<int>(link.type) << ':' << Ipv4Address{link.link_id}.to_string() << ':'
        << Ipv4Address{link.link_data}.to_string() << ':' << link.metric;
    links.insert(out.str());
  }
  std::string text;
  for (const std::string& link : links) text.append(" ").append(link);
  return text;
}

/// The recording's account of a router-LSA, in the same words.
std::string to_text(const json& router) {
  static const std::map<std::string, v2::RouterLinkType> types = {
      {"PointToPoint", v2::RouterLinkType::point_to_point},
      {"TransitNetwork", v2::RouterLinkType::transit},
      {"StubNetwork", v2::RouterLinkType::stub},
      {"VirtualLink", v2::RouterLinkType::virtual_link}};
  v2::RouterLsa body;
  for (const json& link : router.at("links")) {
    body.links.push_back({address_of(link.at("link_id")).value,
                          address_of(link.at("link_data")).value,
                          types.at(link.at("link_type").get<std::string>()),
                          link.at("metric").get<std::uint16_t>(),
                          {}});
  }
  return to_text(body);
}

/// One LSA in one packet on one link, as text that can be compared and shown.
std::string describe(std::string_view what, const std::string& interface, const LsaKey& key, bool flushed) {
  std::ostringstream out;
  out << what << ' ' << interface << ": " << to_string(key.type) << ' ' << key.id.to_string() << ' '
      << key.advertising_router.to_string() << (flushed ? " flushed" : "");
  return out.str();
}

std::string describe(const json& header, std::string_view what, const std::string& interface) {
  const LsaKey key{v2::lsa_type(header.at("lsa_type").get<std::uint8_t>()),
                   LinkStateId{address_of(header.at("lsa_id")).value}, router_of(header.at("adv_rtr"))};
  return describe(what, interface, key, header.value("age", 0) >= kMaxAge);
}

std::set<std::string> expected_packets(const json& step) {
  std::set<std::string> packets;
  if (!step.contains("expected_protocol")) return packets;
  for (const json& item : step["expected_protocol"]) {
    const json& transmit = item.at("NetTxPacket");
    const std::string interface = transmit.at("ifname").get<std::string>();
    const json& packet = transmit.at("packet");
    if (packet.contains("LsAck")) {
      for (const json& header : packet["LsAck"].at("lsa_hdrs"))
        packets.insert(describe(header, "ack", interface));
    } else if (packet.contains("LsUpdate")) {
      for (const json& lsa : packet["LsUpdate"].at("lsas")) {
        std::string text = describe(lsa.at("hdr"), "update", interface);
        if (lsa.contains("body") && lsa["body"].contains("Router"))
          text.append(to_text(lsa["body"]["Router"]));
        if (lsa.contains("body") && lsa["body"].contains("SummaryNetwork"))
          text.append(" metric " + std::to_string(lsa["body"]["SummaryNetwork"].at("metric").get<int>()));
        packets.insert(std::move(text));
      }
    }
  }
  return packets;
}

class Case {
 public:
  Case(Fixture fixture, const json& steps, bool recorded_before)
      : names_(std::move(fixture.names)),
        steps_(steps),
        recorded_before_(recorded_before),
        bench_(std::move(fixture.config), std::move(fixture.links)) {}

  std::string run() {
    if (!bench_.bring_up()) return "the neighbours of the preload do not reach Full";
    bench_.run_for(kWindow);
    for (const auto& [name, link] : names_) bench_.silence(link);
    for (const json& step : steps_) {
      bench_.clear_sent();
      if (is_of_areas(step.at("input")))
        configure(*changed_areas(step.at("input")));
      else
        for (const json& event : step.at("input").at("events")) happen(event);
      bench_.run_for(kWindow);
      compare_packets(step);
      if (step.contains("expected_rib")) compare_routes(step);
    }
    return complaints_;
  }
  [[nodiscard]] std::size_t tables_not_compared() const { return tables_not_compared_; }

 private:
  void configure(const json& areas) {
    InstanceConfig config = bench_.router().config();
    for (const json& changed : areas) {
      const AreaId id = area_of(changed.at("area-id"));
      if (is_operation(changed, "@", "delete")) {
        for (const InterfaceConfig& one : config.interfaces)
          if (one.area == id) gone_.insert(one.link);
        std::erase_if(config.areas, [id](const AreaConfig& area) { return area.id == id; });
        std::erase_if(config.interfaces, [id](const InterfaceConfig& one) { return one.area == id; });
        continue;
      }
      configure_interfaces(changed, config);
      for (AreaConfig& area : config.areas) {
        if (area.id != id) continue;
        area.summary = changed.value("summary", area.summary);
        area.default_cost = changed.value("default-cost", area.default_cost);
        if (!changed.contains("ranges")) continue;
        for (const json& range : changed.at("ranges").at("range")) {
          const auto prefix = Ipv4Prefix::parse(range.at("prefix").get<std::string>());
          std::erase_if(area.ranges, [&](const AreaRange& one) { return one.prefix == IpPrefix{*prefix}; });
          if (!is_operation(range, "@", "delete")) area.ranges.push_back({*prefix});
        }
      }
    }
    bench_.handle(Reconfigure{std::move(config)});
  }
  void configure_interfaces(const json& changed, InstanceConfig& config) const {
    if (!changed.contains("interfaces")) return;
    for (const json& interface : changed.at("interfaces").at("interface")) {
      const LinkId link = names_.at(interface.at("name").get<std::string>());
      if (is_operation(interface, "@", "delete"))
        std::erase_if(config.interfaces, [link](const InterfaceConfig& one) { return one.link == link; });
      for (InterfaceConfig& one : config.interfaces)
        if (one.link == link) one.cost = interface.value("cost", one.cost);
    }
  }
  void happen(const json& event) {
    if (is_delay_over(event)) return;
    if (event.contains("rx")) {
      const json& rx = event["rx"];
      const auto bytes = from_hex(rx.at("hex").get<std::string>());
      return bench_.handle(Received{names_.at(rx.at("interface").get<std::string>()),
                                    address_of(rx.at("src")), address_of(rx.at("dst")), bytes});
    }
    const json& added = event.at("event").at("InterfaceAddressAdd");
    const LinkId link = names_.at(added.at("ifname").get<std::string>());
    const auto address = interface_address(added.at("addr").get<std::string>());
    for (const auto& info : bench_.router().interfaces()) {
      if (info.config.link != link || !address) continue;
      DeviceStatus status = info.status;
      const auto& known = status.addresses;
      if (std::find(known.begin(), known.end(), *address) == known.end())
        status.addresses.push_back(*address);
      return bench_.handle(DeviceChanged{info.config.device, status});
    }
  }

  [[nodiscard]] std::string name_of(LinkId id) const {
    const auto at =
        std::find_if(names_.begin(), names_.end(), [id](const auto& entry) { return entry.second == id; });
    return at->first;
  }

  [[nodiscard]] std::set<std::string> sent_packets() const {
    std::set<std::string> packets;
    for (const Bench::Sent& sent : bench_.sent()) {
      if (gone_.contains(sent.link)) continue;
      const auto result = V2::decode(*sent.bytes);
      const auto& packet = std::get<Packet>(result);
      const std::string interface = name_of(sent.link);
      if (const auto* ack = std::get_if<LinkStateAcknowledgment>(&packet.body)) {
        for (const auto& header : ack->headers) {
          packets.insert(describe("ack", interface, header.key, header.is_maxage()));
        }
      } else if (const auto* update = std::get_if<LinkStateUpdate>(&packet.body)) {
        for (const auto& lsa : update->lsas) {
          std::string text = describe("update", interface, lsa.header.key, lsa.header.is_maxage());
          const auto body = V2::decode_body(Lsa::copy(lsa.bytes));
          if (const auto* router = std::get_if<v2::RouterLsa>(&body)) text.append(to_text(*router));
          if (const auto* summary = std::get_if<v2::SummaryLsa>(&body);
              summary != nullptr && lsa.header.key.type == LsaType::summary_network)
            text.append(" metric " + std::to_string(summary->metric));
          packets.insert(std::move(text));
        }
      }
    }
    return packets;
  }

  void compare_packets(const json& step) {
    const auto expected = expected_packets(step);
    const auto sent = sent_packets();
    for (const std::string& packet : expected) {
      if (!sent.contains(packet)) complain("did not send", packet);
    }
    for (const std::string& packet : sent) {
      if (!expected.contains(packet)) complain("sent", packet);
    }
  }

  void compare_routes(const json& step) {
    const std::string self = describe(
        "", "",
        {LsaType::router, LinkStateId{bench_.router().router_id().value}, bench_.router().router_id()},
        false);
    const auto packets = expected_packets(step);
    const bool originates = std::any_of(packets.begin(), packets.end(), [&self](const std::string& packet) {
      return packet.rfind("update", 0) == 0 && packet.find(self.substr(self.find(':'))) != std::string::npos;
    });
    if (originates || recorded_before_) {
      ++tables_not_compared_;
      return;
    }
    std::set<std::string> expected;
    for (const json& route : step["expected_rib"]) {
      std::set<std::string> hops;
      for (const json& hop : route.at("nexthops")) {
        hops.insert(hop.at("interface").get<std::string>() + " " + hop.at("address").get<std::string>());
      }
      expected.insert(route_text(route.at("prefix").get<std::string>(),
                                 route.at("metric").get<std::uint32_t>(),
                                 route.at("route_type").get<std::string>(), hops));
    }
    const auto table = bench_.router().routes();
    std::set<std::string> ours;
    for (const auto& route : table->routes) {
      if (route.is_discard())
        continue;  // of an active range (section 11.1), which the recording router does not have
      std::set<std::string> hops;
      for (const auto& hop : table->next_hops(route)) {
        hops.insert(name_of(hop.link) + " " + (hop.gateway ? to_string(*hop.gateway) : std::string("-")));
      }
      ours.insert(
          route_text(route.prefix.to_string(), route.metric, std::string(to_string(route.path_type)), hops));
    }
    for (const std::string& route : expected) {
      if (!ours.contains(route)) complain("no route", route);
    }
    for (const std::string& route : ours) {
      if (!expected.contains(route)) complain("has route", route);
    }
  }

  static std::string route_text(const std::string& prefix, std::uint32_t metric, const std::string& type,
                                const std::set<std::string>& hops) {
    std::ostringstream out;
    out << prefix << ' ' << metric << ' ' << type;
    for (const std::string& hop : hops) out << " via " << hop;
    return out.str();
  }

  void complain(std::string_view what, const std::string& which) {
    if (!complaints_.empty()) complaints_.append("; ");
    complaints_.append(what).append(" ").append(which);
  }

  std::map<std::string, LinkId> names_;
  const json& steps_;
  bool recorded_before_;  ///< the tables, before the calculation
  std::set<LinkId>
      gone_;  ///< of an area that was removed: what was said there is flushed, which is not recorded
  Bench bench_;
  std::string complaints_;
  std::size_t tables_not_compared_ = 0;
};

/// Cases in which the recording router believes what is refused here (D9 of docs/rfc-compliance.md): a hello
/// in the name of a neighbour that is heard, from another address. Nothing goes out then, and the routes
/// stay.
constexpr std::array<std::string_view, 1> kRefused{"packet-src3"};

/// Cases in which an instance of the router's own comes back: it is outdone or flushed at once (section 13.4), which the
/// recording router does only later.
const std::map<std::string, int> kAnsweredAtOnce{{"packet-lsupd-self-orig5", 0},
                                                 {"packet-lsupd-self-orig7", kMaxAge}};

/// A summary comes in this one; its table was recorded before that was calculated with.
constexpr std::string_view kRecordedBefore = "packet-lsupd-step5-3";

/// Steps that only let the recording router's delayed calculation run are one with those before.
json together(const json& steps) {
  json result = json::array();
  for (const json& step : steps) {
    const json& input = step.at("input");
    const bool is_later = !result.empty() && input.contains("events") &&
                          std::all_of(input.at("events").begin(), input.at("events").end(), is_delay_over);
    if (!is_later) {
      result.push_back(step);
      continue;
    }
    for (const json& packet : step.value("expected_protocol", json::array()))
      result.back()["expected_protocol"].push_back(packet);
    if (step.contains("expected_rib")) result.back()["expected_rib"] = step.at("expected_rib");
  }
  return result;
}

json steps_of(const json& item) {
  json steps = together(item.at("steps"));
  const auto name = item.at("test").get<std::string>();
  if (const auto answered = kAnsweredAtOnce.find(name); answered != kAnsweredAtOnce.end()) {
    json& packets = steps.at(0).at("expected_protocol");
    json header = packets.at(0).at("NetTxPacket").at("packet").at("LsAck").at("lsa_hdrs").at(0);
    header["age"] = answered->second;
    json lsa{{"hdr", header}};
    if (answered->second == 0) lsa["body"] = {{"SummaryNetwork", {{"metric", 10}}}};
    json packet{{"ifname", packets.at(0).at("NetTxPacket").at("ifname")},
                {"packet", {{"LsUpdate", {{"lsas", json::array({lsa})}}}}}};
    packets.push_back({{"NetTxPacket", packet}});
  }
  if (std::find(kRefused.begin(), kRefused.end(), name) != kRefused.end())
    for (json& step : steps) step.erase("expected_protocol");
  return steps;
}

bool recognises(const json& sample) {
  return sample.is_object() && sample.contains("preload") && sample.contains("steps");
}

void run_steps(const Document& document, Report& report) {
  std::size_t tables_not_compared = 0;
  const auto root = document.path.parent_path().parent_path();
  for (const json& item : document.content) {
    const std::string name = item.at("test").get<std::string>() + " " + item.at("router").get<std::string>();
    if (item.at("version") != "ospfv2") {
      report.skip(name, "OSPFv3 is not spoken yet");
      continue;
    }
    std::ifstream in(root / item.at("preload").get<std::string>());
    if (!in) {
      report.skip(name, "the preload is not there");
      continue;
    }
    const json preload = json::parse(in);
    if (const std::string reason = not_covered(item, preload); !reason.empty()) {
      report.skip(name, reason);
      continue;
    }
    const json steps = steps_of(item);
    Case exchange(fixture_of(preload), steps, kRecordedBefore == item.at("test").get<std::string>());
    report.result(name, exchange.run());
    tables_not_compared += exchange.tables_not_compared();
  }
  if (tables_not_compared > 0) {
    report.note(std::to_string(tables_not_compared) +
                " route tables not compared: recorded before the calculation that the step causes");
  }
}

}  // namespace

Kind steps_kind() {
  return {"steps", recognises, run_steps};
}

}  // namespace wgospf::conformance

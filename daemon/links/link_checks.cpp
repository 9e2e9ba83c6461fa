// What is wrong with links, for people: kernel settings, interface types, what neighbours say.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "daemon/links/links.h"
#include "daemon/telling/describe.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon {

namespace {

/// Links that are looked at for what they do not hear, at one time.
constexpr std::size_t kLookingAtMost = 64;

/// net.ipv4.conf.INTERFACE.NAME; `otherwise` when it cannot be read.
int setting_of(const std::string& interface, const char* name, int otherwise) {
  std::ifstream file("/proc/sys/net/ipv4/conf/" + interface + "/" + name);
  int value = 0;
  return file >> value ? value : otherwise;
}

}  // namespace

void Links::check_kernel_settings() {
  std::vector<Forwarding> forwarding;
  std::vector<LinkFilter> filters;
  const int filter_of_all = setting_of("all", "rp_filter", 0);
  for (const auto& [link, entry] : entries_) {
    const std::string& name = entry.settings.name;
    const std::string own = place_.watch.system_name(name);
    const ReversePathFilter filter{filter_of_all, setting_of(own, "rp_filter", 0)};
    const auto problem = reverse_path_problem(entry.settings, place_.watch.inventory(), filter);
    place_.teller.set_warning("rp_filter/" + name, problem, link);
    if (!entry.status.up || entry.status.loopback) continue;
    forwarding.push_back({name, own, setting_of(own, "forwarding", 1) != 0});
    if (!entry.settings.passive && problem.empty()) filters.push_back({name, own, filter});
  }
  place_.teller.set_warning("rp_filter", strict_filter_problem(filters));
  place_.teller.set_warning("forwarding", forwarding_problem(forwarding));
}

void Links::check_presence(ospf::LinkId link, ConfiguredDevice& entry) {
  const std::string& name = entry.settings.name;
  const auto& inventory = place_.watch.inventory();
  const bool is_there = place_.watch.find(name) != nullptr;
  entry.was_there = entry.was_there || is_there;
  std::string problem = link_problem(entry.settings, inventory);
  if (!is_there)
    problem = fmt::format(
        "interface {} does not exist{}; it is used when it appears", name,
        entry.was_there ? " any more: it was deleted, renamed, or moved to another network namespace" : "");
  else if (problem.empty() && entry.settings.has_peers && !place_.watch.is_wireguard(name))
    problem = fmt::format(
        "interface {} is no WireGuard device: it has no peers that \"peers: auto\" could find; "
        "remove that from the configuration, or give the tunnel this name",
        name);
  place_.teller.set_warning("interface/" + name, problem, link);
  place_.teller.set_warning("vrf/" + name, vrf_problem(entry.settings, inventory, config_.rib.table), link);
}

void Links::check_hearing() {
  const auto now = std::chrono::steady_clock::now();
  std::size_t looking = 0;
  for (auto& [link, entry] : entries_) {
    const std::string& name = entry.settings.name;
    std::string problem;
    if (!entry.port || !entry.status.up || looking == kLookingAtMost) {
      entry.hearing.reset(place_.jobs, now);
    } else if (const auto hello =
                   entry.hearing.look(place_.jobs, place_.watch.system_name(name), entry.status.ifindex.value,
                                      entry.settings.has_peers ? entry.settings.peer_defaults.hello_interval
                                                               : entry.settings.hello_interval,
                                      now)) {
      problem = deafness_problem(name, *hello, router_id_, place_.watch.inventory());
    }
    looking += entry.hearing.is_looking() ? 1 : 0;
    place_.teller.set_warning("deaf/" + name, problem, link);
  }
}

void Links::check_interface_type(ospf::LinkId link, const ConfiguredDevice& entry) {
  const std::string& name = entry.settings.name;
  const bool by_default = entry.settings.passive && !entry.configured.passive;
  place_.teller.set_warning(
      "interface_type/" + name,
      by_default ? fmt::format("interface {} is neither a WireGuard nor a point-to-point device and names "
                               "no interface-type: it is passive, no neighbor is taken there; write "
                               "\"interface-type: point-to-point\" for an adjacency, or \"passive: true\"",
                               name)
                 : std::string(),
      link);
}

void Links::check_neighbors(const std::vector<ospf::InterfaceInfo>& interfaces,
                            const std::vector<ospf::NeighborInfo>& neighbors) {
  std::map<ospf::LinkId, std::string> several, types;
  for (const auto& neighbor : neighbors) {
    if (neighbor.problem != ospf::NeighborProblem::network_type) continue;
    types[neighbor.link] =
        fmt::format("neighbor {} ({}) on {}: {}", neighbor.router_id.to_string(), to_string(neighbor.address),
                    printable(place_.names.name_of(neighbor.link)), describe_problem(neighbor));
  }
  for (const auto& info : interfaces) {
    const auto beside = std::find_if(info.refused.begin(), info.refused.end(),
                                     [](const auto& refused) { return refused.is_beside; });
    if (beside == info.refused.end()) continue;
    const auto kept = std::find_if(neighbors.begin(), neighbors.end(),
                                   [&](const auto& neighbor) { return neighbor.link == info.config.link; });
    if (kept == neighbors.end()) continue;
    several[info.config.link] = fmt::format(
        "more than one router on a point-to-point link: {} ({}) and {} ({}) both say hello on {}; the first "
        "is "
        "kept, take the other off the link",
        kept->router_id.to_string(), to_string(kept->address), beside->router_id.to_string(),
        to_string(beside->address), info.config.name);
  }
  tell_of_neighbors("several_routers/", several);
  tell_of_neighbors("network_type/", types);
}

/// Nothing need be said of a link of which nothing was.
void Links::tell_of_neighbors(const char* kind, const std::map<ospf::LinkId, std::string>& texts) {
  auto& told = told_[kind];
  for (const auto link : told)
    if (!texts.contains(link)) place_.teller.set_warning(kind + place_.names.name_of(link), {}, link);
  told.clear();
  for (const auto& [link, text] : texts) {
    if (over(link) == entries_.end()) continue;
    place_.teller.set_warning(kind + place_.names.name_of(link), text, link);
    told.insert(link);
  }
}

bool Links::note_neighbors(const std::vector<ospf::NeighborInfo>& heard) {
  std::map<ospf::LinkId, std::vector<IpAddress>> neighbors;
  for (const auto& neighbor : heard) {
    if (neighbor.address == IpAddress{}) continue;
    if (entries_.contains(neighbor.link)) neighbors[neighbor.link].push_back(neighbor.address);
    note_router(neighbor.link, neighbor.address);
  }
  routers_.write();
  place_.teller.set_warning(
      "routers_file", routers_.problem().empty()
                          ? std::string()
                          : fmt::format("{}; which peers are routers is not remembered for the next start",
                                        routers_.problem()));
  bool is_any_new = false;
  for (auto& [link, addresses] : neighbors) {
    auto& known = entries_.at(link).neighbor_addresses;
    is_any_new = is_any_new || known != addresses;
    known = std::move(addresses);
  }
  return is_any_new;
}

}  // namespace wgospf::daemon

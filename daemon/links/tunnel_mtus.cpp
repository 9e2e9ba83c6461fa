#include "daemon/links/tunnel_mtus.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "daemon/links/link_local_plan.h"
#include "daemon/state_file.h"
#include "net/link_change.h"

namespace wgospf::daemon {

namespace {

/// What all links over a device have in common.
struct TunnelFacts {
  std::uint32_t ifindex = 0, mtu = 0;
  bool has_ipv6 = false, has_several_peers = false;
};

/// nullopt: there is no such device, or it has not been read.
std::optional<TunnelFacts> facts_of(const std::string& device, const Inventory& inventory,
                                    const wg::Underlay& underlay) {
  const auto tunnel = std::find_if(underlay.devices.begin(), underlay.devices.end(),
                                   [&](const wg::Device& known) { return known.name == device; });
  const Link* link = find_link(inventory, device);
  if (tunnel == underlay.devices.end() || link == nullptr) return std::nullopt;
  return TunnelFacts{link->ifindex, link->mtu, has_ipv6_by_hand(*link, tunnel->public_key),
                     tunnel->peers.size() > 1};
}

}  // namespace

std::vector<TunnelPath> tunnel_paths(const std::vector<TunnelLink>& links,
                                     const std::vector<ospf::NeighborInfo>& neighbors,
                                     const Inventory& inventory, const wg::Underlay& underlay) {
  std::vector<TunnelPath> paths;
  std::unordered_map<ospf::LinkId, const ospf::NeighborInfo*> heard;
  for (const auto& neighbor : neighbors)
    if (neighbor.state >= ospf::NeighborState::two_way) heard.emplace(neighbor.link, &neighbor);
  std::map<std::string, std::optional<TunnelFacts>> devices;
  for (const auto& link : links) {
    const auto neighbor = heard.find(link.link);
    if (neighbor == heard.end() || link.is_passive || !link.is_up) continue;
    const auto [device, is_new] = devices.try_emplace(link.device);
    if (is_new) device->second = facts_of(link.device, inventory, underlay);
    const auto* address = std::get_if<Ipv4Address>(&neighbor->second->address);
    if (!device->second || address == nullptr) continue;
    const auto& [ifindex, mtu, has_ipv6, has_several_peers] = *device->second;
    paths.push_back({link.link, link.name, link.device, ifindex, mtu, has_ipv6, has_several_peers,
                     link.sets_mtu, link.source, *address, way_of_path(underlay, link.device, *address)});
  }
  return paths;
}

TunnelMtus::~TunnelMtus() {
  *alive_ = false;
}

// Where it cannot be known what is ours, it is the user's.
void TunnelMtus::start(const std::string& state_directory) {
  file_ = state_directory + "/mtu";
  const std::string problem =
      take_state_file(file_, [this](std::string_view text) { return devices_.adopt(text); });
  if (!problem.empty())
    host_.teller().notice(
        Severity::warning, "mtu_forgotten",
        fmt::format("{}; MTUs that a former run has set count as set by hand, and stay", problem));
}

void TunnelMtus::follow(const std::vector<TunnelPath>& paths) {
  if (is_over_) return;
  std::unordered_set<ospf::LinkId> there;
  for (const auto& path : paths) there.insert(path.link);
  for (const auto& former : std::exchange(told_, paths))
    if (!there.contains(former.link)) host_.teller().set_warning("path_mtu/" + former.name, {}, former.link);
  paths_.follow(paths, PathMtus::Time::clock::now(), [this](wg::MtuProbe asked) { probe(std::move(asked)); });
  settle();
}

void TunnelMtus::probe(wg::MtuProbe probe) {
  // On its thread: only the hand-over.
  host_.icmp().probe(std::move(probe),
                     [this, &loop = host_.loop(), alive = alive_](const wg::MtuProbed& probed) {
                       boost::asio::post(loop, [this, alive, probed] {
                         if (*alive) take(probed);
                       });
                     });
}

void TunnelMtus::take(const wg::MtuProbed& probed) {
  if (!is_over_ && paths_.take(probed, PathMtus::Time::clock::now())) settle();
}

/// What is known against what the devices have.
void TunnelMtus::settle() {
  for (const auto& path : told_)
    host_.teller().set_warning("path_mtu/" + path.name, paths_.problem_of(path.link), path.link);
  auto changes = devices_.follow(paths_.devices());
  if (!changes.empty()) write(std::move(changes), {});
}

struct TunnelMtus::Write {
  std::string text{};  ///< of the file
  std::vector<MtuChange> changes{};
  std::vector<Result<void>> set{};  ///< of each change
};

/// What is ours is noted before it is set, and until it is known to be gone: whenever this process is killed,
/// the next one knows.
void TunnelMtus::write(std::vector<MtuChange> changes, std::function<void()> done) {
  auto write = std::make_shared<Write>();
  write->text = devices_.to_text();
  write->changes = std::move(changes);
  host_.jobs().run(
      [write, file = file_] {
        const auto note = [&] { return write_state_file(file, write->text); };
        const bool are_all_back = std::all_of(write->changes.begin(), write->changes.end(),
                                              [](const MtuChange& change) { return change.is_back; });
        const auto noted = are_all_back ? Result<void>() : note();
        for (const auto& change : write->changes)
          write->set.push_back(change.is_back || noted ? set_link_mtu(change.ifindex, change.mtu) : noted);
        if (are_all_back) (void)note();
      },
      [this, write, done = std::move(done), alive = alive_] {
        if (!*alive) return;
        written(*write);
        if (done) done();
      });
}

void TunnelMtus::written(const Write& write) {
  for (std::size_t i = 0; i < write.changes.size(); ++i) {
    const auto& [name, ifindex, mtu, is_back] = write.changes[i];
    const Result<void>& result = write.set[i];
    host_.teller().set_warning("mtu/" + name, result ? std::string()
                                                     : fmt::format("the MTU of {} cannot be set to {}: {}",
                                                                   name, mtu, result.error().text));
    if (!result)
      devices_.failed(name);
    else
      host_.teller().notice(Severity::info, "mtu_set",
                            is_back
                                ? fmt::format("the MTU of {} is {} again, as it was", name, mtu)
                                : fmt::format("the MTU of {} is set to {}: larger packets do not get to all "
                                              "neighbors behind it and back",
                                              name, mtu));
  }
}

void TunnelMtus::add_to(std::vector<WireguardView>& views) const {
  for (auto& view : views)
    if (const auto known = paths_.known(view.link)) view.path_mtu = known->largest;
}

void TunnelMtus::give_back(std::function<void()> done) {
  is_over_ = true;
  auto changes = devices_.give_back([this](std::uint32_t ifindex) {
    const Link* link = find_link(host_.links().inventory(), ifindex);
    return link == nullptr ? 0U : link->mtu;
  });
  if (changes.empty()) return done();
  write(std::move(changes), std::move(done));
}

}  // namespace wgospf::daemon

#include "daemon/links/auto_config.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>

#include "daemon/config/print.h"
#include "daemon/telling/words.h"
#include "wgadapter/device_backend.h"

namespace wgospf::daemon {

namespace {

/// Made by Docker, libvirt, LXC, Podman and Kubernetes for what runs on this machine alone, with the same prefixes on
/// every machine.
constexpr std::array<const char*, 9> kOfContainers{
    "docker*", "virbr*", "lxcbr*", "lxdbr*", "podman*", "br-????????????", "cni*", "cali*", "flannel*"};

bool is_of_containers(const std::string& name) {
  return std::any_of(kOfContainers.begin(), kOfContainers.end(),
                     [&](const char* pattern) { return ::fnmatch(pattern, name.c_str(), 0) == 0; });
}

/// The subnets that others could reach, in words.
std::vector<std::string> subnets_of(const Link& link) {
  std::vector<std::string> texts;
  for (const auto& address : link.addresses) {
    const auto* ipv4 = std::get_if<Ipv4Address>(&address.address);
    if (ipv4 == nullptr || ipv4->is_loopback() || ipv4->is_link_local()) continue;
    if (address.scope == AddressScope::global) texts.push_back(to_string(subnet_of(address)));
  }
  return texts;
}

InterfaceSettings announced(const std::string& name) {
  InterfaceSettings settings;
  settings.name = name;
  settings.passive = true;
  return settings;
}

class Choice {
 public:
  explicit Choice(const Uplinks& uplinks) : uplinks_(uplinks) {
    chosen_.config.areas.push_back({});
    InterfaceSettings tunnels;
    tunnels.name = "*";
    tunnels.kind = InterfaceKind::wireguard;
    interfaces().push_back(std::move(tunnels));
  }

  void look_at(const Link& link) {
    if (wg::looks_like_wireguard(link.name, link.kind))
      tunnels_.push_back(printable(link.name));
    else if (const auto subnets = subnets_of(link); link.flags.up && !subnets.empty())
      look_at(link, join_few(subnets));
  }

  AutoConfig take() {
    chosen_.reasons.insert(
        chosen_.reasons.begin(),
        tunnels_.empty() ? "OSPF runs on every WireGuard interface; there is none yet"
                         : fmt::format("OSPF runs on every WireGuard interface, now {}", join_few(tunnels_)));
    return std::move(chosen_);
  }

 private:
  std::vector<InterfaceSettings>& interfaces() { return chosen_.config.areas.front().interfaces; }

  void look_at(const Link& link, const std::string& subnets) {
    const auto name = printable(link.name);
    if (uplinks_.default_routes.contains(link.ifindex)) {
      tell(fmt::format("{} ({}) is not announced: a default route goes over it", name, subnets));
    } else if (uplinks_.carriers.contains(link.ifindex)) {
      tell(fmt::format("{} ({}) is not announced: packets of WireGuard tunnels go over it", name, subnets));
    } else if (link.flags.point_to_point) {
      tell(fmt::format("{} ({}) is not announced: it looks like another program's tunnel", name, subnets));
    } else if (is_of_containers(link.name)) {
      tell(fmt::format("{} ({}) is not announced: it looks like a network of this machine's containers", name,
                       subnets));
    } else {
      interfaces().push_back(announced(link.name));
      tell(fmt::format("{} ({}) is announced", name, subnets));
    }
  }

  void tell(std::string reason) { chosen_.reasons.push_back(std::move(reason)); }

  const Uplinks& uplinks_;
  AutoConfig chosen_;
  std::vector<std::string> tunnels_;
};

}  // namespace

AutoConfig choose_config(const Inventory& inventory, const Uplinks& uplinks) {
  Choice choice(uplinks);
  for (const auto& [ifindex, link] : inventory) choice.look_at(link);
  return choice.take();
}

std::string print_auto_config(const AutoConfig& chosen) {
  std::string text;
  for (const auto& reason : chosen.reasons) text += fmt::format("# {}\n", reason);
  return text + print_config(chosen.config);
}

}  // namespace wgospf::daemon

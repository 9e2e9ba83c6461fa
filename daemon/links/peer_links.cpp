#include "daemon/links/peer_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "daemon/telling/words.h"

namespace wgospf::daemon {

namespace {

constexpr std::size_t kShortKey = 8;

std::vector<std::string> texts_of(const std::vector<Ipv4Address>& addresses) {
  std::vector<std::string> texts;
  for (const auto& address : addresses) texts.push_back(address.to_string());
  return texts;
}

class PeerAddresses {
 public:
  PeerAddresses(const wg::Device& device, std::span<const ospf::InterfaceAddress> own,
                const PeerKnowledge& known)
      : device_(device), own_(own), known_(known) {}

  /// Those that the configuration gives to a peer are nobody else's.
  void reserve(const Ipv4Address& address, const std::string& name) { reserved_.emplace(address, name); }

  void find(const wg::Peer& peer, PeerLink& link) const {
    if (link.settings.address) return take_configured(peer, link);
    if (const auto* noted = noted_of(peer.public_key);
        noted != nullptr && is_lent(peer.public_key, noted->front())) {
      link.address = noted->front();
      return;
    }
    const auto hosts = hosts_of(peer);
    std::vector<Ipv4Address> near;
    std::copy_if(hosts.begin(), hosts.end(), std::back_inserter(near),
                 [this](const Ipv4Address& host) { return is_in_subnet(host); });
    const auto& candidates = near.empty() ? hosts : near;
    const bool is_client = link.settings.role == ConfiguredRole::client;
    if (is_client && !candidates.empty()) {
      link.address = known_one(peer.public_key, candidates);
    } else if (candidates.size() == 1) {
      link.address = candidates.front();
    } else if (const auto former = former_of(peer.public_key);
               std::find(candidates.begin(), candidates.end(), former) != candidates.end()) {
      link.address = former;
    } else {
      link.problem = candidates.empty() ? lack(peer) : doubt(candidates);
    }
    link.is_held = link.address.has_value();
  }

  /// What a client is announced with: its host routes, also those that are lent, the one that it is known by first. In the
  /// order that they were noted in, whatever that of the device has become.
  void add_hosts(const wg::Peer& peer, PeerLink& link) const {
    if (!link.address) return;
    const auto by_hand = hosts_of(peer);
    const auto add = [&](const Ipv4Address& host) {
      if (std::find(link.hosts.begin(), link.hosts.end(), host) == link.hosts.end())
        link.hosts.push_back(host);
    };
    add(*link.address);
    if (const auto* noted = noted_of(peer.public_key))
      for (const auto& host : *noted)
        if (std::find(by_hand.begin(), by_hand.end(), host) != by_hand.end() ||
            is_lent(peer.public_key, host))
          add(host);
    std::for_each(by_hand.begin(), by_hand.end(), add);
  }

 private:
  /// The addresses of a client, not empty; null: it is not known as one.
  [[nodiscard]] const std::vector<Ipv4Address>* noted_of(const wg::Key& key) const {
    if (known_.clients == nullptr) return nullptr;
    const auto found = known_.clients->find(key);
    return found == known_.clients->end() || found->second.empty() ? nullptr : &found->second;
  }
  /// The one of them that the client was known by, or else the first.
  [[nodiscard]] Ipv4Address known_one(const wg::Key& key, const std::vector<Ipv4Address>& candidates) const {
    if (const auto* noted = noted_of(key))
      if (std::find(candidates.begin(), candidates.end(), noted->front()) != candidates.end())
        return noted->front();
    return candidates.front();
  }
  /// The client's address is ours with another peer.
  [[nodiscard]] bool is_lent(const wg::Key& key, const Ipv4Address& address) const {
    if (known_.own == nullptr) return false;
    const auto prefix = Ipv4Prefix::host(address);
    return std::any_of(known_.own->begin(), known_.own->end(), [&](const auto& own) {
      return own.first != key && std::binary_search(own.second.begin(), own.second.end(), prefix);
    });
  }

  void take_configured(const wg::Peer& peer, PeerLink& link) const {
    const auto address = *link.settings.address;
    if (is_own(address)) {
      link.problem = fmt::format(
          "its \"address\" in the configuration, {}, is this router's own; write the "
          "address of the peer there",
          address.to_string());
      return;
    }
    link.address = address;
    const wg::AllowedIp host = Ipv4Prefix::host(address);
    link.is_held =
        std::find(peer.allowed_ips.begin(), peer.allowed_ips.end(), host) != peer.allowed_ips.end();
  }

  /// Host routes that the user has given to the peer and that nobody else is to have.
  [[nodiscard]] std::vector<Ipv4Address> hosts_of(const wg::Peer& peer) const {
    std::vector<Ipv4Address> hosts;
    for (const auto& allowed : peer.allowed_ips) {
      const auto* prefix = std::get_if<Ipv4Prefix>(&allowed);
      if (prefix == nullptr || prefix->length != Ipv4Address::kBits) continue;
      if (is_group(prefix->address) || is_own(prefix->address) || reserved_.contains(prefix->address))
        continue;
      if (!is_ours(peer.public_key, *prefix)) hosts.push_back(prefix->address);
    }
    return hosts;
  }
  [[nodiscard]] static bool is_group(const Ipv4Address& address) { return address.value >= 0xe0000000U; }
  [[nodiscard]] bool is_own(const Ipv4Address& address) const {
    return std::any_of(own_.begin(), own_.end(),
                       [&](const auto& own) { return own.address == IpAddress{address}; });
  }
  [[nodiscard]] bool is_in_subnet(const Ipv4Address& address) const {
    return std::any_of(own_.begin(), own_.end(), [&](const ospf::InterfaceAddress& own) {
      return std::holds_alternative<Ipv4Address>(own.address) && own.prefix<Ipv4Address>().contains(address);
    });
  }
  [[nodiscard]] bool is_ours(const wg::Key& key, const Ipv4Prefix& prefix) const {
    if (known_.own == nullptr) return false;
    const auto found = known_.own->find(key);
    return found != known_.own->end() &&
           std::binary_search(found->second.begin(), found->second.end(), prefix);
  }
  [[nodiscard]] Ipv4Address former_of(const wg::Key& key) const {
    if (known_.former == nullptr) return {};
    const auto found = known_.former->find(key);
    return found == known_.former->end() ? Ipv4Address{} : found->second;
  }

  [[nodiscard]] std::string lack(const wg::Peer& peer) const {
    for (const auto& allowed : peer.allowed_ips) {
      const auto* prefix = std::get_if<Ipv4Prefix>(&allowed);
      if (prefix == nullptr) continue;
      const auto reserved = reserved_.find(prefix->address);
      if (prefix->length == Ipv4Address::kBits && reserved != reserved_.end())
        return fmt::format(
            "its host route {} is the \"address\" of {} in the configuration; write another one "
            "for {} there, or in the allowed-ips of this peer",
            prefix->to_string(), reserved->second, reserved->second);
    }
    return fmt::format(
        "no host route among its allowed-ips tells which address it has: add the one of its "
        "interface, as a /32, to its allowed-ips on {}, or write \"address\" into its \"peer\" "
        "entry, or \"role: client\" if it is no router",
        printable(device_.name));
  }
  [[nodiscard]] static std::string doubt(const std::vector<Ipv4Address>& candidates) {
    return fmt::format(
        "several host routes among its allowed-ips could be its address: {}; write the right one "
        "as \"address\" into its \"peer\" entry",
        join_few(texts_of(candidates)));
  }

  const wg::Device& device_;
  std::span<const ospf::InterfaceAddress> own_;
  const PeerKnowledge& known_;
  std::map<Ipv4Address, std::string> reserved_;
};

using Entries = std::unordered_map<wg::Key, const PeerSettings*>;

Entries entries_of(const InterfaceSettings& settings) {
  Entries entries;
  for (const auto& peer : settings.peers)
    if (const auto key = wg::Key::from_base64(peer.public_key)) entries.emplace(*key, &peer);
  return entries;
}

PeerLink made(const wg::Key& key, const InterfaceSettings& settings, const PeerSettings* entry) {
  PeerLink link;
  link.key = key;
  link.has_entry = entry != nullptr;
  if (entry != nullptr) {
    link.settings = *entry;
  } else {
    static_cast<PeerDefaults&>(link.settings) = settings.peer_defaults;
    link.settings.public_key = key.to_base64();
  }
  link.name = link.settings.name.empty() ? link.settings.public_key.substr(0, kShortKey) : link.settings.name;
  return link;
}

}  // namespace

std::string shown_name(const std::string& interface, const PeerLink& peer) {
  return fmt::format("{}/{}", interface, peer.name);
}

std::string registry_name(const std::string& interface, const wg::Key& key) {
  return fmt::format("{}/{}", interface, key.to_base64());
}

std::vector<PeerLink> peer_links(const InterfaceSettings& settings, const wg::Device& device,
                                 std::span<const ospf::InterfaceAddress> addresses,
                                 const PeerKnowledge& known) {
  auto entries = entries_of(settings);
  PeerAddresses finder(device, addresses, known);
  for (const auto& [key, entry] : entries)
    if (entry->address) finder.reserve(*entry->address, made(key, settings, entry).name);
  std::vector<PeerLink> links;
  links.reserve(device.peers.size());
  for (const auto& peer : device.peers) {
    const auto entry = entries.find(peer.public_key);
    auto& link =
        links.emplace_back(made(peer.public_key, settings, entry == entries.end() ? nullptr : entry->second));
    link.is_there = true;
    finder.find(peer, link);
    const bool is_client = link.settings.role == ConfiguredRole::client;
    if (is_client) link.problem.clear();
    if (is_client || (settings.finds_clients && !link.has_entry)) finder.add_hosts(peer, link);
    if (entry != entries.end()) entries.erase(entry);
  }
  for (const auto& [key, entry] : entries) {
    auto& link = links.emplace_back(made(key, settings, entry));
    link.problem = fmt::format(
        "{} has no peer with this public key; look whether the key is right, or add the "
        "peer to the interface",
        printable(device.name));
  }
  std::sort(links.begin(), links.end(), [](const PeerLink& a, const PeerLink& b) { return a.key < b.key; });
  return links;
}

}  // namespace wgospf::daemon

#include "wgadapter/allowed_ips.h"

#include <algorithm>
#include <tuple>

namespace wgospf::wg {
namespace {

constexpr std::uint32_t kLastAddress = 0xffffffff;

std::uint32_t last_of(const Ipv4Prefix& prefix) {
  return prefix.address.value | ~netmask(prefix.length);
}

using Owned = AllowedIpMap::Owned;

bool comes_before(const Ipv4Prefix& a, const Ipv4Prefix& b) {
  return std::tie(a.address, a.length) < std::tie(b.address, b.length);
}

/// Those of IPv4 in order of address, the wider first; no prefix belongs to two peers.
std::vector<Owned> in_order(const Device& device) {
  std::vector<Owned> list;
  for (std::size_t peer = 0; peer < device.peers.size(); ++peer)
    for (const AllowedIp& allowed : device.peers[peer].allowed_ips)
      if (const auto* prefix = std::get_if<Ipv4Prefix>(&allowed)) list.push_back({*prefix, peer});
  std::sort(list.begin(), list.end(),
            [](const Owned& a, const Owned& b) { return comes_before(a.prefix, b.prefix); });
  return list;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string result;
  for (const auto& text : texts) result += (result.empty() ? "" : ",") + text;
  return result;
}

}  // namespace

AllowedIpMap::AllowedIpMap(const Device& device) : owned_(in_order(device)) {
  const auto add = [this](std::uint64_t first, std::uint64_t last, std::size_t peer) {
    if (first > last) return;
    if (!ranges_.empty() && ranges_.back().peer == peer && std::uint64_t{ranges_.back().last} + 1 == first) {
      ranges_.back().last = static_cast<std::uint32_t>(last);
    } else {
      ranges_.push_back({static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last), peer});
    }
  };
  // Prefixes nest or are apart. `open` are those around the place that has been reached, the innermost last.
  std::vector<Owned> open;
  std::uint64_t at = 0;
  const auto close_before = [&](std::uint64_t next) {
    while (!open.empty() && last_of(open.back().prefix) < next) {
      const std::uint64_t last = last_of(open.back().prefix);
      add(at, last, open.back().peer);
      at = std::max(at, last + 1);
      open.pop_back();
    }
    if (!open.empty()) add(at, next - 1, open.back().peer);
    at = std::max(at, next);
  };
  for (const Owned& next : owned_) {
    close_before(next.prefix.address.value);
    open.push_back(next);
  }
  close_before(std::uint64_t{kLastAddress} + 1);
}

const AllowedIpMap::Range* AllowedIpMap::range_of(Ipv4Address address) const {
  const auto found =
      std::lower_bound(ranges_.begin(), ranges_.end(), address.value,
                       [](const Range& range, std::uint32_t value) { return range.last < value; });
  return found == ranges_.end() || found->first > address.value ? nullptr : &*found;
}

std::optional<std::size_t> AllowedIpMap::owner(Ipv4Address address) const {
  const Range* range = range_of(address);
  return range == nullptr ? std::nullopt : std::optional(range->peer);
}

bool AllowedIpMap::passes(std::size_t peer, const Ipv4Prefix& prefix) const {
  const Range* range = range_of(prefix.address);
  return range != nullptr && range->peer == peer && range->last >= last_of(prefix);
}

std::optional<AllowedIpMap::Owned> AllowedIpMap::holder(const Ipv4Prefix& prefix) const {
  for (int length = prefix.length; length >= 0; --length) {
    const auto wanted = Ipv4Prefix::make(prefix.address, static_cast<std::uint8_t>(length));
    const auto found = std::lower_bound(
        owned_.begin(), owned_.end(), wanted,
        [](const Owned& owned, const Ipv4Prefix& value) { return comes_before(owned.prefix, value); });
    if (found != owned_.end() && found->prefix == wanted) return *found;
  }
  return std::nullopt;
}

std::span<const AllowedIpMap::Owned> AllowedIpMap::inside(const Ipv4Prefix& prefix) const {
  const auto after = [&](const Ipv4Prefix& value) {
    return std::upper_bound(
        owned_.begin(), owned_.end(), value,
        [](const Ipv4Prefix& wanted, const Owned& owned) { return comes_before(wanted, owned.prefix); });
  };
  const auto first = after(prefix), end = after(Ipv4Prefix::host({last_of(prefix)}));
  return first < end ? std::span<const Owned>(first, end) : std::span<const Owned>();
}

bool AllowedIpMap::passes_all(std::size_t peer) const {
  return ranges_.size() == 1 && ranges_[0].peer == peer && ranges_[0].first == 0 &&
         ranges_[0].last == kLastAddress;
}

std::optional<std::size_t> ospf_peer(const Device& device, const AllowedIpMap& map,
                                     const std::optional<Ipv4Address>& neighbor) {
  if (device.peers.size() == 1) return 0;
  return neighbor ? map.owner(*neighbor) : std::nullopt;
}

std::optional<CoverageFinding> check_peer_coverage(const Device& device, const AllowedIpMap& map,
                                                   const Key& peer, Ipv4Address address) {
  using Kind = CoverageFinding::Kind;
  const auto owner = map.owner(address);
  if (owner && device.peers[*owner].public_key == peer) return std::nullopt;
  const auto at = std::find_if(device.peers.begin(), device.peers.end(),
                               [&](const Peer& other) { return other.public_key == peer; });
  if (at == device.peers.end()) return std::nullopt;
  const std::string command = allowed_ips_command(device, static_cast<std::size_t>(at - device.peers.begin()),
                                                  {Ipv4Prefix::host(address)});
  const std::string cure = command.empty() ? std::string() : "; \"" + command + "\"";
  const std::string which = "its address " + address.to_string();
  if (!owner)
    return CoverageFinding{Kind::not_covered, address,
                           "no allowed-ips of the peer cover " + which +
                               ": nothing can be sent to it, and what comes from it is dropped" + cure};
  return CoverageFinding{Kind::other_peer, address,
                         which + " belongs to the allowed-ips of peer " +
                             device.peers[*owner].public_key.to_base64() +
                             ", to whom all goes that is sent to it" + cure};
}

std::vector<Ipv4Prefix> aggregated(std::vector<Ipv4Prefix> prefixes) {
  std::sort(prefixes.begin(), prefixes.end());
  std::vector<Ipv4Prefix> result;
  for (const Ipv4Prefix& prefix : prefixes) {
    if (!result.empty() && result.back().covers(prefix)) continue;
    result.push_back(prefix);
    // Two halves are the whole; this may complete the half of a larger one.
    while (result.size() > 1) {
      const Ipv4Prefix& upper = result.back();
      const Ipv4Prefix& lower = result[result.size() - 2];
      if (upper.length == 0 || upper.length != lower.length) break;
      const auto whole = Ipv4Prefix::make(lower.address, static_cast<std::uint8_t>(lower.length - 1));
      if (whole.address != lower.address || !whole.covers(upper)) break;
      result.pop_back();
      result.back() = whole;
    }
  }
  return result;
}

std::string allowed_ips_command(const Device& device, std::size_t peer, std::vector<Ipv4Prefix> missing) {
  const bool alone = device.peers.size() == 1;
  std::vector<Ipv4Prefix> v4;
  std::vector<std::string> texts, v6;
  for (const AllowedIp& allowed : device.peers[peer].allowed_ips) {
    if (const auto* prefix = std::get_if<Ipv4Prefix>(&allowed))
      v4.push_back(*prefix);
    else
      v6.push_back(to_string(allowed));
  }
  missing = aggregated(std::move(missing));
  if (alone) {
    // What a wider one covers can go. Beside other peers it cannot: one of theirs may lie between the two.
    std::erase_if(v4, [&](const Ipv4Prefix& old) {
      const auto next = std::upper_bound(missing.begin(), missing.end(), old);
      return next != missing.begin() && std::prev(next)->covers(old);
    });
  }
  v4.insert(v4.end(), missing.begin(), missing.end());
  if (v4.size() + v6.size() > kAllowedIpsInCommand) {
    if (!alone) return {};
    texts.push_back("0.0.0.0/0");
    if (!v6.empty()) texts.push_back("::/0");
  } else {
    for (const Ipv4Prefix& prefix : v4) texts.push_back(prefix.to_string());
    texts.insert(texts.end(), v6.begin(), v6.end());
  }
  return "wg set " + device.name + " peer " + device.peers[peer].public_key.to_base64() + " allowed-ips " +
         joined(texts);
}

}  // namespace wgospf::wg

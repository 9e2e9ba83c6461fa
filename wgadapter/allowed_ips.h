#pragma once
// What a device's allowed-ips let pass, for whole prefixes, and what they would have to be. Pure.
//
// A device has one table of allowed-ips: the longest match owns an address, and the owner is both whom
// packets to it are sent to and the only one from whom packets of it are taken. A prefix passes over a peer
// when that peer owns every address in it, be it by several allowed-ips. IPv4, as the routes are.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wgadapter/device.h"

namespace wgospf::wg {

/// Who owns which IPv4 addresses of a device, as ranges: made once a reading, asked once a route.
class AllowedIpMap {
 public:
  /// An allowed-ip with the index of its peer in Device::peers.
  struct Owned {
    Ipv4Prefix prefix{};
    std::size_t peer = 0;
    bool operator==(const Owned&) const = default;
  };
  AllowedIpMap() = default;
  explicit AllowedIpMap(const Device& device);

  /// Index in Device::peers of who owns the address; nullopt when nobody does.
  [[nodiscard]] std::optional<std::size_t> owner(Ipv4Address address) const;
  /// Whether the peer owns all of the prefix. Cost: the logarithm of the number of allowed-ips.
  [[nodiscard]] bool passes(std::size_t peer, const Ipv4Prefix& prefix) const;
  /// Whether the peer owns every address there is, so that no prefix needs to be asked for.
  [[nodiscard]] bool passes_all(std::size_t peer) const;
  /// The longest allowed-ip that covers the prefix as a whole; nullopt when none does.
  [[nodiscard]] std::optional<Owned> holder(const Ipv4Prefix& prefix) const;
  /// The allowed-ips inside the prefix, itself excepted, in order of address, the wider first.
  [[nodiscard]] std::span<const Owned> inside(const Ipv4Prefix& prefix) const;
  bool operator==(const AllowedIpMap&) const = default;

 private:
  struct Range {
    std::uint32_t first = 0, last = 0;
    std::size_t peer = 0;
    bool operator==(const Range&) const = default;
  };
  [[nodiscard]] const Range* range_of(Ipv4Address address) const;
  std::vector<Owned> owned_;   ///< in order of address, the wider first
  std::vector<Range> ranges_;  ///< in order, without overlap; neighbouring ones of a peer are one
};

/// The peer that OSPF speaks to over the device: its only one, else the owner of the neighbour's address.
[[nodiscard]] std::optional<std::size_t> ospf_peer(const Device& device, const AllowedIpMap& map,
                                                   const std::optional<Ipv4Address>& neighbor);

/// What keeps OSPF by unicast from passing to this peer of a device: that it does not own the address that it
/// speaks from. nullopt when it does, and for a peer that the device does not have.
[[nodiscard]] std::optional<CoverageFinding> check_peer_coverage(const Device& device,
                                                                 const AllowedIpMap& map, const Key& peer,
                                                                 Ipv4Address address);

/// The same addresses in as few prefixes as possible, in order.
[[nodiscard]] std::vector<Ipv4Prefix> aggregated(std::vector<Ipv4Prefix> prefixes);

/// A command with more allowed-ips than this would not be read by anybody.
inline constexpr std::size_t kAllowedIpsInCommand = 24;

/// `wg set DEVICE peer KEY allowed-ips ...` after which the peer owns what it owns now and `missing` besides;
/// the whole list, since the command replaces it. Where that would be too long and the peer is the device's
/// only one, all addresses of the families in question. Empty when there is no such command: the list is too
/// long on a device with several peers.
[[nodiscard]] std::string allowed_ips_command(const Device& device, std::size_t peer,
                                              std::vector<Ipv4Prefix> missing);

}  // namespace wgospf::wg

#pragma once
// LSAs into Link State Update packets.

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ospf/core.h"

namespace wgospf::ospf {

/// The updates that are sent at one moment: links of one area with the same transmit delay that send the same
/// LSAs share the bytes, so that a flood out of a thousand links is encoded once.
class EncodedUpdates {
 public:
  [[nodiscard]] PacketBytes of(const Core& core, const Interface& interface,
                               const std::vector<LsaRef>& lsas) {
    const AreaId area = interface.config.area;
    const std::uint16_t delay = interface.config.transmit_delay;
    std::uint64_t hash = hash_mix((std::uint64_t{area.value} << 16) | delay);
    for (const LsaRef ref : lsas) hash = hash_mix(hash ^ ((std::uint64_t{ref.domain} << 32) | ref.slot));
    for (auto [it, end] = packets_.equal_range(hash); it != end; ++it)
      if (it->second.area == area && it->second.transmit_delay == delay && it->second.lsas == lsas)
        return it->second.bytes;
    auto bytes = encode(core, interface, lsas);
    packets_.emplace(hash, Packet{area, delay, lsas, bytes});
    return bytes;
  }
  /// Instances, or the time, are others from now on.
  void clear() { packets_.clear(); }
  void measure(Footprint& footprint) const { footprint.held("outbox.encoded", packets_.size()); }

 private:
  struct Packet {
    AreaId area;
    std::uint16_t transmit_delay = 0;
    std::vector<LsaRef> lsas;
    PacketBytes bytes;
  };
  [[nodiscard]] static PacketBytes encode(const Core& core, const Interface& interface,
                                          const std::vector<LsaRef>& lsas) {
    std::vector<OutgoingLsa> outgoing;
    outgoing.reserve(lsas.size());
    for (const LsaRef ref : lsas) {
      const auto& entry = core.entry(ref);
      const unsigned age = unsigned{entry.age(core.now)} + interface.config.transmit_delay;
      outgoing.push_back({entry.lsa, static_cast<std::uint16_t>(std::min<unsigned>(age, kMaxAge))});
    }
    return std::make_shared<const std::vector<std::byte>>(core.version.encode(
        core.config.router_id, interface.config.area, std::span<const OutgoingLsa>(outgoing)));
  }
  std::unordered_multimap<std::uint64_t, Packet> packets_;
};

/// Packs LSAs, each once, into updates of at most the link's packet size; one that is larger goes alone (and
/// fragments).
class UpdatePacker {
 public:
  UpdatePacker(Core& core, Interface& interface, EncodedUpdates& encoded)
      : core_(core), interface_(interface), encoded_(encoded), size_(fixed()) {}
  void add(LsaRef ref) {
    const std::size_t length = core_.entry(ref).lsa.length();
    if (!lsas_.empty() && size_ + length > core_.packet_size_max(interface_)) send();
    lsas_.push_back(ref);
    size_ += length;
  }
  void send() {
    if (lsas_.empty()) return;
    core_.transmit(interface_, PacketType::link_state_update, encoded_.of(core_, interface_, lsas_));
    ++packets_;
    lsas_.clear();
    size_ = fixed();
  }
  [[nodiscard]] unsigned packets() const { return packets_; }

 private:
  [[nodiscard]] std::size_t fixed() const { return core_.version.sizes.packet_header + 4; }
  Core& core_;
  Interface& interface_;
  EncodedUpdates& encoded_;
  std::vector<LsaRef> lsas_;
  std::size_t size_;
  unsigned packets_ = 0;
};

}  // namespace wgospf::ospf

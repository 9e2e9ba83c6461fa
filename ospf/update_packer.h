#pragma once
// LSAs into Link State Update packets.

#include <algorithm>
#include <vector>

#include "ospf/core.h"

namespace wgospf::ospf {

/// Packs LSAs into updates of at most the link's packet size; one that is larger goes alone (and fragments).
class UpdatePacker {
 public:
  UpdatePacker(Core& core, Interface& interface) : core_(core), interface_(interface), size_(fixed()) {}
  void add(LsaRef ref) {
    const auto& entry = core_.entry(ref);
    if (std::any_of(lsas_.begin(), lsas_.end(), [&](const auto& l) { return l.lsa.is_same_as(entry.lsa); }))
      return;
    if (!lsas_.empty() && size_ + entry.lsa.length() > core_.packet_size_max(interface_)) send();
    const unsigned age = unsigned{entry.age(core_.now)} + interface_.config.transmit_delay;
    lsas_.push_back({entry.lsa, static_cast<std::uint16_t>(std::min<unsigned>(age, kMaxAge))});
    size_ += entry.lsa.length();
  }
  void send() {
    if (lsas_.empty()) return;
    core_.transmit_body(interface_, PacketType::link_state_update, std::span<const OutgoingLsa>(lsas_));
    ++packets_;
    lsas_.clear();
    size_ = fixed();
  }
  [[nodiscard]] unsigned packets() const { return packets_; }

 private:
  [[nodiscard]] std::size_t fixed() const { return core_.version.sizes.packet_header + 4; }
  Core& core_;
  Interface& interface_;
  std::vector<OutgoingLsa> lsas_;
  std::size_t size_;
  unsigned packets_ = 0;
};

}  // namespace wgospf::ospf

#include "wgadapter/endpoint_proofs.h"

#include <utility>

namespace wgospf::wg {

void EndpointProofs::take(const std::string& name, const Device* device) {
  if (device == nullptr) {
    devices_.erase(name);
    return;
  }
  auto& proofs = devices_[name];
  ++reading_;
  for (const Peer& peer : device->peers) {
    if (!peer.endpoint) continue;
    const auto [proof, is_new] = proofs.try_emplace(peer.public_key);
    take(peer, is_new, proof->second);
    proof->second.reading = reading_;
  }
  std::erase_if(proofs, [this](const auto& entry) { return entry.second.reading != reading_; });
}

void EndpointProofs::renewed(const std::string& name, const Key& peer) {
  const auto proofs = devices_.find(name);
  if (proofs == devices_.end()) return;
  const auto proof = proofs->second.find(peer);
  if (proof != proofs->second.end()) proof->second.is_renewed = true;
}

// Counters that have gone down are of a peer that was made again.
void EndpointProofs::take(const Peer& peer, bool is_new, Proof& proof) {
  const auto former = std::exchange(proof, {peer.endpoint->address, proof.is_proven, false,
                                            peer.last_handshake, peer.rx_bytes, proof.reading});
  if (is_new || (peer.rx_bytes < former.rx_bytes && !former.is_renewed)) {
    proof.is_proven = peer.last_handshake || peer.rx_bytes == 0;
    return;
  }
  // A handshake completed since the reading before is not known to have been completed after the move.
  const bool has_shaken = peer.last_handshake && peer.last_handshake != former.handshake;
  const bool is_by_hand = peer.rx_bytes == former.rx_bytes && !former.is_renewed;
  proof.is_proven = former.address == proof.address ? former.is_proven || has_shaken : is_by_hand;
}

bool EndpointProofs::is_proven(const std::string& device, const Key& peer, const IpAddress& address) const {
  const auto proofs = devices_.find(device);
  if (proofs == devices_.end()) return false;
  const auto proof = proofs->second.find(peer);
  return proof != proofs->second.end() && proof->second.is_proven && proof->second.address == address;
}

}  // namespace wgospf::wg

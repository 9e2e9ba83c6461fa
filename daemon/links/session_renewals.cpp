#include "daemon/links/session_renewals.h"

#include <algorithm>

namespace wgospf::daemon {

void SessionRenewals::begin(ospf::LinkId link, const std::string& device, const wg::Renewal& peer,
                            ospf::Instant now) {
  all_.insert_or_assign(link, One{device, peer, 0, now});
}

/// What has come since is of a session that works.
void SessionRenewals::take(const wg::DeviceRead& reading) {
  std::erase_if(all_, [&](const auto& item) {
    const One& one = item.second;
    if (one.device != reading.name) return false;
    const wg::Peer* peer = reading.device == nullptr ? nullptr : reading.device->find_peer(one.renewal.peer);
    return peer == nullptr || peer->rx_bytes > one.renewal.rx_bytes;
  });
}

void SessionRenewals::take(const wg::Renewed& renewed) {
  for (auto& [link, one] : all_)
    if (one.device == renewed.name && one.renewal.peer == renewed.peer) one.renewal.rx_bytes = 0;
}

std::vector<SessionRenewals::Due> SessionRenewals::take_due(ospf::Instant now) {
  std::vector<Due> due;
  // So many at once are an uplink that is gone: nobody would answer, and readings would wait.
  if (all_.size() > kAtOnce) all_.clear();
  for (auto it = all_.begin(); it != all_.end();) {
    One& one = it->second;
    if (one.at > now) {
      ++it;
      continue;
    }
    due.push_back({it->first, one.device, one.renewal, one.trials == 0});
    one.at = now + kAgain;
    it = ++one.trials == kTrials ? all_.erase(it) : std::next(it);
  }
  return due;
}

std::optional<ospf::Instant> SessionRenewals::next() const {
  std::optional<ospf::Instant> first;
  for (const auto& [link, one] : all_) first = first ? std::min(*first, one.at) : one.at;
  return first;
}

}  // namespace wgospf::daemon

#include "daemon/routes/allowed_ips_words.h"

#include <fmt/format.h>

#include "daemon/telling/words.h"

namespace wgospf::daemon {

namespace {

std::string in_words(const Ipv4Prefix& prefix, const wg::AllowedIpConflict& conflict) {
  const std::string holder = conflict.holder.to_base64(), claimant = conflict.claimant.to_base64();
  if (conflict.kind == wg::AllowedIpConflict::Kind::pinned)
    return fmt::format("{} is the address of both peer {} and peer {}: give them different ones",
                       prefix.to_string(), holder, claimant);
  return fmt::format(
      "{} belongs to peer {} by hand, and the routes lead to peer {}: take it out of the allowed-ips of {}",
      prefix.to_string(), holder, claimant, holder);
}

std::string in_words(const wg::TakenAllowedIp& taken) {
  return fmt::format("{} of peer {}{}", taken.prefix.to_string(), taken.peer.to_base64(),
                     taken.taker ? " was given to peer " + taken.taker->to_base64() : " was removed");
}

}  // namespace

std::string describe_conflicts(const std::string& device,
                               const std::map<Ipv4Prefix, wg::AllowedIpConflict>& conflicts) {
  std::vector<std::string> texts;
  for (const auto& [prefix, conflict] : conflicts) texts.push_back(in_words(prefix, conflict));
  if (texts.empty()) return {};
  return fmt::format("allowed-ips of {}: {}", device, join_few(texts, "; "));
}

std::string describe_taken(const std::string& device, const std::vector<wg::TakenAllowedIp>& taken) {
  std::vector<std::string> texts;
  for (const auto& entry : taken) texts.push_back(in_words(entry));
  return fmt::format("allowed-ips of {} that are managed were changed, and are put back: {}", device,
                     join_few(texts, "; "));
}

}  // namespace wgospf::daemon

#include "daemon/routes/allowed_ips_words.h"

#include <fmt/format.h>

#include "daemon/telling/words.h"
#include "wgadapter/link_local.h"

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

std::string describe_link_local_conflicts(const std::string& device,
                                          const std::map<wg::Key, wg::Key>& conflicts) {
  std::vector<std::string> texts;
  for (const auto& [peer, holder] : conflicts)
    texts.push_back(fmt::format(
        "{}/128 is the link-local address of peer {} and stands at peer {}: take it out of the allowed-ips "
        "of {}",
        wg::link_local_of(peer).to_string(), peer.to_base64(), holder.to_base64(), holder.to_base64()));
  if (texts.empty()) return {};
  return fmt::format("allowed-ips of {}: {}", device, join_few(texts, "; "));
}

std::string describe_taken(const std::string& device, const std::vector<wg::TakenAllowedIp>& taken) {
  std::vector<std::string> texts;
  for (const auto& entry : taken) texts.push_back(in_words(entry));
  return fmt::format("allowed-ips of {} that are managed were changed, and are put back: {}", device,
                     join_few(texts, "; "));
}

std::string describe_claimed_twice(const std::string& device, const std::vector<wg::ClaimedTwice>& claims) {
  std::vector<std::string> texts;
  for (const auto& claim : claims)
    texts.push_back(
        fmt::format("{} was given to peer {} by hand, and then to peer {}, which alone has it now",
                    claim.prefix.to_string(), claim.former.to_base64(), claim.holder.to_base64()));
  return fmt::format(
      "allowed-ips of {}: a prefix belongs to one peer: {}; write it at the one that it belongs to", device,
      join_few(texts, "; "));
}

std::map<wg::Key, std::vector<std::string>> peer_problems(const wg::ManagedIps& device) {
  std::map<wg::Key, std::map<Ipv4Prefix, wg::AllowedIpConflict>> conflicts;
  for (const auto& [prefix, conflict] : device.conflicts()) {
    conflicts[conflict.claimant].emplace(prefix, conflict);
    if (conflict.kind == wg::AllowedIpConflict::Kind::pinned)
      conflicts[conflict.holder].emplace(prefix, conflict);
  }
  std::map<wg::Key, std::vector<std::string>> problems;
  for (const auto& [peer, of_peer] : conflicts)
    problems[peer].push_back(describe_conflicts(device.device(), of_peer));
  for (const auto& [peer, holder] : device.link_locals().conflicts())
    problems[peer].push_back(describe_link_local_conflicts(device.device(), {{peer, holder}}));
  std::map<wg::Key, std::vector<std::string>> takings;
  for (const auto& [prefix, taking] : device.takings())
    takings[taking.peer].push_back(
        fmt::format("{}{}{}", prefix.to_string(),
                    taking.taker ? " was given to peer " + taking.taker->to_base64() : " was removed",
                    taking.times == 1 ? "" : fmt::format(" ({} times)", taking.times)));
  for (const auto& [peer, texts] : takings)
    problems[peer].push_back(
        fmt::format("allowed-ips of {} that are managed were changed by somebody else, and put back: {}",
                    device.device(), join_few(texts, "; ")));
  return problems;
}

}  // namespace wgospf::daemon

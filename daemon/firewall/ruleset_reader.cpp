#include "daemon/firewall/ruleset_reader.h"

#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <initializer_list>
#include <utility>

#include "daemon/firewall/iptables_save.h"
#include "daemon/firewall/program.h"

namespace wgospf::daemon::firewall {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr seconds kKernelAnswers{2};
/// Where the kernel does not say whether anything has changed, and where it could not be read.
constexpr seconds kAgain{30};
/// A reading is followed by a rest of so many times what it took: a twentieth of one processor at most.
constexpr int kRest = 20;

/// What the first of these programs prints; nullopt where there is none, or it fails.
std::optional<std::string> output_of_first(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const std::string program = find_program(name);
    if (program.empty()) continue;
    auto text = output_of({program});
    return text ? std::optional(std::move(text).value()) : std::nullopt;
  }
  return std::nullopt;
}

/// What nft does not tell of tables that iptables made, and the tables of the old iptables.
void add_of_iptables(Ruleset& ruleset, RulesetReading& reading) {
  if (has_extensions(ruleset)) {
    if (const auto text = output_of_first({"iptables-nft-save", "iptables-save"}))
      add_iptables(*text, "ip", ruleset);
  }
  const auto tables = old_tables();
  if (tables.empty()) return;
  if (const auto text = output_of_first({"iptables-legacy-save"}))
    return add_iptables(*text, kOldIptables, ruleset);
  reading.is_whole = false;
  reading.problem = fmt::format(
      "tables of the old iptables are in use ({}), of which nft tells nothing: what they drop is not known",
      tables);
}

}  // namespace

std::string old_tables() {
  std::ifstream file("/proc/net/ip_tables_names");
  std::string names, name;
  while (file >> name) names += (names.empty() ? "" : ", ") + name;
  return names;
}

/// The number of the ruleset's last change (NFT_MSG_GETGEN).
std::optional<std::uint32_t> RulesetReader::generation() {
  if (!socket_) {
    auto opened = netlink::Socket::open({.protocol = NETLINK_NETFILTER, .place = "the packet filter"});
    if (!opened) return std::nullopt;
    socket_ = std::move(opened).value();
  }
  netlink::MessageBuffer message;
  message.begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, NLM_F_REQUEST | NLM_F_ACK);
  message.put_header(nfgenmsg{AF_UNSPEC, NFNETLINK_V0, 0});
  message.end();
  std::optional<std::uint32_t> generation;
  const auto done =
      socket_->request(message.bytes(), Clock::now() + kKernelAnswers, [&](netlink::Bytes answer) {
        netlink::for_each_attribute(netlink::attributes_of<nfgenmsg>(answer),
                                    [&](std::uint16_t type, netlink::Bytes value) {
                                      if (type == NFTA_GEN_ID) generation = netlink::u32_of(value);
                                    });
        return Result<void>();
      });
  if (!done) socket_.reset();
  return done ? generation : std::nullopt;
}

RulesetReading RulesetReader::list() {
  const std::string nft = find_program("nft");
  if (nft.empty())
    return {nullptr, "nft is not installed (package nftables): what the packet filter drops is not known"};
  const auto text = output_of({nft, "-j", "list", "ruleset"});
  if (!text) return {nullptr, fmt::format("the packet filter's rules cannot be read: {}", text.error().text)};
  auto ruleset = parse_ruleset(*text);
  if (!ruleset)
    return {nullptr, fmt::format("the packet filter's rules cannot be read: {}", ruleset.error().text)};
  RulesetReading reading{nullptr, {}, true};
  add_of_iptables(*ruleset, reading);
  reading.ruleset = std::make_shared<const Ruleset>(std::move(ruleset).value());
  return reading;
}

const RulesetReading& RulesetReader::read() {
  const auto begin = Clock::now();
  const auto now_at = generation();
  const bool is_same = now_at && generation_ == now_at && last_.ruleset != nullptr;
  if (next_ && (is_same || begin < *next_)) return last_;
  last_ = list();
  generation_ = now_at;
  const auto end = Clock::now();
  next_ = end + (now_at && last_.ruleset != nullptr ? kRest * (end - begin) : Clock::duration(kAgain));
  return last_;
}

}  // namespace wgospf::daemon::firewall

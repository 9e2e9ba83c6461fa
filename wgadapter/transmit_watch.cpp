#include "wgadapter/transmit_watch.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

namespace wgospf::wg {
namespace {

constexpr std::chrono::seconds kTimeout{1};
/// What is usual follows the rate by this part of the difference with each reading.
constexpr std::uint64_t kShareOfNews = 4;

std::optional<std::pair<std::uint32_t, std::uint64_t>> parse_stats(const nlmsghdr& message) {
  Attributes<IFLA_STATS_MAX + 1> table{};
  if (message.nlmsg_type != RTM_NEWSTATS || !parse_attributes<if_stats_msg>(message, table))
    return std::nullopt;
  const auto* header = static_cast<const if_stats_msg*>(nlmsg_data(&message));
  const nlattr* stats = table[IFLA_STATS_LINK_64];
  constexpr std::size_t kAt = offsetof(rtnl_link_stats64, tx_bytes);
  std::uint64_t bytes = 0;
  if (stats == nullptr || nla_len(stats) < static_cast<int>(kAt + sizeof(bytes))) return std::nullopt;
  std::memcpy(&bytes, static_cast<const char*>(nla_data(stats)) + kAt, sizeof(bytes));
  return std::pair{header->ifindex, bytes};
}

}  // namespace

std::vector<std::uint32_t> TransmitWatch::take(const SentBytes& sent,
                                               const std::set<std::uint32_t>& ifindexes, Time now) {
  using Milliseconds = std::chrono::milliseconds;
  const auto passed = std::chrono::duration_cast<Milliseconds>(now - std::exchange(last_, now));
  std::vector<std::uint32_t> leaps;
  std::map<std::uint32_t, Known> still;
  for (const std::uint32_t ifindex : ifindexes) {
    const auto found = sent.find(ifindex);
    if (found == sent.end()) continue;
    const auto former = known_.find(ifindex);
    if (former == known_.end() || passed <= Milliseconds{0} || found->second < former->second.bytes) {
      still[ifindex] = {found->second, 0};  // its first reading, or an interface made anew
      continue;
    }
    const std::uint64_t usual = former->second.usual;
    const std::uint64_t rate =
        (found->second - former->second.bytes) * 1000 / static_cast<std::uint64_t>(passed.count());
    if (rate >= kLeastBytesPerSecond && rate > kLeap * usual) leaps.push_back(ifindex);
    still[ifindex] = {found->second, usual - usual / kShareOfNews + rate / kShareOfNews};
  }
  known_ = std::move(still);
  return leaps;
}

Result<SentBytesReader> SentBytesReader::open() {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE, "the interfaces' counters", 1 << 18);
  if (!socket) return socket.error();
  return SentBytesReader(*std::move(socket));
}

Result<SentBytes> SentBytesReader::read() {
  const Message request = make_message(RTM_GETSTATS, NLM_F_REQUEST | NLM_F_DUMP);
  if_stats_msg header{};
  header.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  nlmsg_append(request.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  SentBytes sent;
  const auto deadline = std::chrono::steady_clock::now() + kTimeout;
  const auto done = socket_.transact(*request, deadline, [&](const nlmsghdr& message) -> Result<void> {
    if (const auto stats = parse_stats(message)) sent.insert(*stats);
    return {};
  });
  if (!done) return done.error();
  return sent;
}

}  // namespace wgospf::wg

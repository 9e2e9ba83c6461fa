#include "wgadapter/transmit_watch.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

namespace wgospf::wg {
namespace {

constexpr std::chrono::seconds kTimeout{1};
/// What is usual follows the rate by this part of the difference with each reading.
constexpr std::uint64_t kShareOfNews = 4;

std::optional<std::pair<std::uint32_t, std::uint64_t>> parse_stats(netlink::Bytes message) {
  const auto header = netlink::header_at<if_stats_msg>(message, sizeof(nlmsghdr));
  if (!header) return std::nullopt;
  std::optional<std::pair<std::uint32_t, std::uint64_t>> stats;
  netlink::for_each_attribute(
      netlink::attributes_of<if_stats_msg>(message), [&](std::uint16_t type, netlink::Bytes value) {
        if (type != IFLA_STATS_LINK_64) return;
        if (const auto sent = netlink::header_at<std::uint64_t>(value, offsetof(rtnl_link_stats64, tx_bytes)))
          stats.emplace(header->ifindex, *sent);
      });
  return stats;
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
  auto socket = netlink::Socket::open({.place = "the interfaces' counters", .receive_buffer = 1 << 18});
  if (!socket) return socket.error();
  return SentBytesReader(*std::move(socket));
}

Result<SentBytes> SentBytesReader::read() {
  if_stats_msg header{};
  header.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  netlink::MessageBuffer request;
  request.begin(RTM_GETSTATS, NLM_F_REQUEST | NLM_F_DUMP);
  request.put_header(header);
  request.end();
  SentBytes sent;
  const auto deadline = std::chrono::steady_clock::now() + kTimeout;
  const auto done = socket_.request(request.bytes(), deadline, [&](netlink::Bytes message) -> Result<void> {
    if (const auto stats = parse_stats(message)) sent.insert(*stats);
    return {};
  });
  if (!done) return done.error();
  return sent;
}

}  // namespace wgospf::wg

#include "daemon/links/hearing.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace wgospf::daemon {

using std::chrono::seconds;

namespace {
/// What came here and is yet to be read is seen there first, once.
constexpr std::uint32_t kRoundsBelieved = 2;
/// A silence that is shorter than this says nothing whatever the interval is.
constexpr seconds kShortestSilence{4};
}  // namespace

void Hearing::reset(KernelJobs& jobs, Time now) {
  came_ = false;
  silent_since_ = now;
  ifindex_ = 0;
  rounds_ = 0;
  hello_.reset();
  if (probe_) jobs.run([last = std::move(probe_)]() mutable { last.reset(); });
  probe_.reset();
}

std::optional<wg::HelloProbe::Hello> Hearing::look(KernelJobs& jobs, const std::string& interface,
                                                   std::uint32_t ifindex, std::uint32_t hello_interval,
                                                   Time now) {
  if (came_ || ifindex != ifindex_) {
    reset(jobs, now);
    ifindex_ = ifindex;
    return std::nullopt;
  }
  const auto silence = std::max(kShortestSilence, seconds{2 * hello_interval});
  if (now - silent_since_ < silence) return std::nullopt;
  if (!probe_) {
    // Where there can be none, nothing is known.
    if (auto opened = wg::HelloProbe::open(interface, ifindex))
      probe_ = std::make_shared<wg::HelloProbe>(std::move(opened).value());
    return std::nullopt;
  }
  if (const auto hello = probe_->take()) {
    hello_ = hello;
    last_ = now;
    ++rounds_;
  } else if (now - last_ > 2 * silence) {
    rounds_ = 0;
  }
  return rounds_ < kRoundsBelieved ? std::nullopt : hello_;
}

std::string deafness_problem(const std::string& interface, const wg::HelloProbe::Hello& hello,
                             ospf::RouterId own, const Inventory& inventory) {
  const ospf::RouterId router{hello.router_id};
  const bool is_ours = std::any_of(inventory.begin(), inventory.end(), [&](const auto& entry) {
    const auto& addresses = entry.second.addresses;
    return std::any_of(addresses.begin(), addresses.end(),
                       [&](const auto& address) { return address.address == IpAddress{hello.source}; });
  });
  if (is_ours && router == own)
    return fmt::format(
        "what this router says on {} comes back to it: the link is a loop, or leads to itself; look "
        "at what it is joined to",
        interface);
  if (is_ours)
    return fmt::format(
        "router {} says hello on {} from {}, which is an address of this router too: the kernel "
        "drops such packets in silence; give one of the two another address",
        router.to_string(), interface, hello.source.to_string());
  const auto* link = find_link(inventory, interface);
  return fmt::format(
      "router {} says hello on {} from {}, and the kernel drops that in silence: let protocol 89 in where "
      "the packet "
      "filter refuses it (\"nft list ruleset\"), or take off the reverse path filter (\"sysctl -w "
      "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.{}.rp_filter=0\")",
      router.to_string(), interface, hello.source.to_string(),
      sysctl_name(link == nullptr ? interface : link->name));
}

}  // namespace wgospf::daemon

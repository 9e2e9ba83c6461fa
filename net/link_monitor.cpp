#include "net/link_monitor.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

namespace wgospf {
namespace {

constexpr const char* kPlace = "the link inventory";
/// A reading may wait for someone's bulk change of routes; it is that long at most.
constexpr std::chrono::seconds kReadTimeout{5};
constexpr int kReadAttempts = 20;
/// No buffer holds more; what is queued meanwhile is newer than the reading, or lost and told so.
constexpr int kQueuedAtMost = 20'000;

}  // namespace

Result<LinkMonitor> LinkMonitor::open(LinkMonitorOptions options) {
  auto events = netlink::Socket::open({.place = kPlace, .receive_buffer = options.receive_buffer});
  if (!events) return events.error();
  constexpr std::array<int, 3> groups{RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR};
  if (auto done = events->subscribe(groups); !done) return done.error();
  auto requests = netlink::Socket::open({.place = kPlace});
  if (!requests) return requests.error();
  LinkMonitor monitor(*std::move(events), *std::move(requests));
  const auto first = monitor.read_anew();
  if (!first) return first.error();
  return monitor;
}

const Link* LinkMonitor::find(const std::string& name) const {
  const auto found = std::find_if(snapshot().begin(), snapshot().end(),
                                  [&name](const auto& entry) { return entry.second.name == name; });
  return found == snapshot().end() ? nullptr : &found->second;
}

Result<LinkEvents> LinkMonitor::take_notifications() {
  for (int i = 0; i < kQueuedAtMost && !is_stale_; ++i) {
    const auto received = events_.receive();
    if (received.error != 0) {
      is_stale_ = true;
      if (received.error != ENOBUFS) return events_.error_of(received);
      ++counters_.overruns;
    }
    if (received.bytes.empty()) break;
    const bool whole = netlink::for_each_message(received.bytes, [this](netlink::Bytes message) {
      ++counters_.messages;
      if (const auto parsed = parse_inventory_message(message))
        std::ranges::move(table_.apply(*parsed), std::back_inserter(untold_));
      else
        ++counters_.malformed;
    });
    if (!whole) ++counters_.malformed;
  }
  return std::exchange(untold_, {});
}

Result<LinkEvents> LinkMonitor::read_anew() {
  is_stale_ = true;
  discard_notifications();
  ++counters_.readings;
  auto links = read_all();
  if (!links) return links.error();
  is_stale_ = false;
  std::ranges::move(table_.replace(*std::move(links)), std::back_inserter(untold_));
  return std::exchange(untold_, {});
}

Result<LinkEvents> LinkMonitor::on_readable() {
  auto events = take_notifications();
  if (!is_stale_ || !events) return events;
  untold_ = *std::move(events);
  return read_anew();
}

/// What is queued is older than the reading to come.
void LinkMonitor::discard_notifications() {
  for (int i = 0; i < kQueuedAtMost; ++i) {
    const auto received = events_.receive();
    if (received.error == ENOBUFS || received.error == EMSGSIZE) continue;
    if (received.error != 0 || received.bytes.empty()) return;
  }
}

/// All links; read again when a change came between.
Result<Inventory> LinkMonitor::read_all() {
  const auto deadline = std::chrono::steady_clock::now() + kReadTimeout;
  netlink::MessageBuffer links, addresses;
  links.begin(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
  links.put_header(ifinfomsg{});
  links.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  links.end();
  addresses.begin(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
  addresses.put_header(ifaddrmsg{});
  addresses.end();
  for (int attempt = 1;; ++attempt) {
    LinkTable table;
    auto done = dump(links, deadline, table);
    if (done) done = dump(addresses, deadline, table);
    if (done) return table.links();
    if (done.error().code != ErrorCode::interrupted || attempt == kReadAttempts) return done.error();
  }
}

Result<void> LinkMonitor::dump(netlink::MessageBuffer request, netlink::Deadline deadline, LinkTable& table) {
  return requests_.request(request.bytes(), deadline, [&](netlink::Bytes message) -> Result<void> {
    if (const auto parsed = parse_inventory_message(message))
      (void)table.apply(*parsed);
    else
      ++counters_.malformed;  // one odd link must not hide the others
    return {};
  });
}

}  // namespace wgospf

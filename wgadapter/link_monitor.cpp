#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <iterator>
#include <utility>

#include "wgadapter/link_table.h"
#include "wgadapter/links.h"
#include "wgadapter/netlink.h"

namespace wgospf::wg {
namespace {

/// A reading may wait for someone's bulk change of routes; it is that long at most.
constexpr std::chrono::seconds kReadTimeout{5};
constexpr int kReadAttempts = 20;

using Links = std::map<std::uint32_t, Link>;

/// A reading in progress: where it asks, what it has found, until when.
struct Reading {
  NetlinkSocket& socket;
  Deadline deadline;
  LinkMonitorCounters& counters;
  LinkTable table{};
};

Result<void> dump(Reading& reading, nl_msg& request) {
  return reading.socket.transact(request, reading.deadline, [&](const nlmsghdr& message) -> Result<void> {
    if (const auto parsed = parse_inventory_message(message))
      (void)reading.table.apply(*parsed);
    else
      ++reading.counters.malformed;  // one odd link must not hide the others
    return {};
  });
}

Result<void> read_once(Reading& reading) {
  const Message links = make_message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
  ifinfomsg link_header{};
  nlmsg_append(links.get(), &link_header, sizeof(link_header), NLMSG_ALIGNTO);
  nla_put_u32(links.get(), IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  if (auto done = dump(reading, *links); !done) return done;
  const Message addresses = make_message(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
  ifaddrmsg address_header{};
  nlmsg_append(addresses.get(), &address_header, sizeof(address_header), NLMSG_ALIGNTO);
  return dump(reading, *addresses);
}

/// All links; read again when a change came between.
Result<Links> read_all(NetlinkSocket& socket, LinkMonitorCounters& counters) {
  const Deadline deadline = std::chrono::steady_clock::now() + kReadTimeout;
  for (int attempt = 1;; ++attempt) {
    Reading reading{socket, deadline, counters};
    const auto done = read_once(reading);
    if (done) return reading.table.links();
    if (done.error().code != ErrorCode::interrupted || attempt == kReadAttempts) return done.error();
  }
}

}  // namespace

IpPrefix subnet_of(const LinkAddress& address) {
  return std::visit(
      [&](auto value) -> IpPrefix { return Prefix<decltype(value)>::make(value, address.prefix_length); },
      address.peer.value_or(address.address));
}

struct LinkMonitor::State {
  State(NetlinkSocket event_socket, NetlinkSocket request_socket)
      : events(std::move(event_socket)), requests(std::move(request_socket)) {}
  NetlinkSocket events;    ///< Notifications only
  NetlinkSocket requests;  ///< Dumps only, so that their answers never mix with notifications
  LinkTable table;
  LinkMonitorCounters counters;
  bool stale = false;                 ///< The table may lack something: the next call reads all
  std::vector<LinkEvent> unreported;  ///< In the table already; kept should the call fail

  void report(std::vector<LinkEvent> more) {
    unreported.insert(unreported.end(), std::make_move_iterator(more.begin()),
                      std::make_move_iterator(more.end()));
  }
  Result<void> read_notifications();
  Result<void> read_anew();
};

LinkMonitor::LinkMonitor(std::unique_ptr<State> state) : state_(std::move(state)) {}
LinkMonitor::LinkMonitor(LinkMonitor&&) noexcept = default;
LinkMonitor& LinkMonitor::operator=(LinkMonitor&&) noexcept = default;
LinkMonitor::~LinkMonitor() = default;

Result<LinkMonitor> LinkMonitor::open(LinkMonitorOptions options) {
  auto events = NetlinkSocket::open(NETLINK_ROUTE, "the link inventory", options.receive_buffer);
  if (!events) return events.error();
  for (const int group : {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR})
    if (auto done = events->subscribe(group); !done) return done.error();
  auto requests = NetlinkSocket::open(NETLINK_ROUTE, "the link inventory", 1 << 20);
  if (!requests) return requests.error();
  LinkMonitor monitor(std::make_unique<State>(*std::move(events), *std::move(requests)));
  auto links = read_all(monitor.state_->requests, monitor.state_->counters);
  if (!links) return links.error();
  (void)monitor.state_->table.replace(*std::move(links));
  return monitor;
}

int LinkMonitor::fd() const {
  return state_->events.fd();
}

Result<std::vector<LinkEvent>> LinkMonitor::resync() {
  state_->stale = true;
  return on_readable();
}

Result<void> LinkMonitor::State::read_notifications() {
  for (;;) {
    const auto data = events.receive();
    if (!data) return data.error();
    if (!*data) return {};
    const bool whole = for_each_message(**data, [&](const nlmsghdr& message) {
      ++counters.messages;
      if (const auto parsed = parse_inventory_message(message))
        report(table.apply(*parsed));
      else
        ++counters.malformed;
    });
    if (!whole) ++counters.malformed;
  }
}

Result<void> LinkMonitor::State::read_anew() {
  for (;;) {  // what is queued is older than the reading to come
    const auto data = events.receive();
    if (data ? !data->has_value() : data.error().system_error != ENOBUFS) break;
  }
  auto links = read_all(requests, counters);
  if (!links) return links.error();
  stale = false;
  report(table.replace(*std::move(links)));
  return {};
}

Result<std::vector<LinkEvent>> LinkMonitor::on_readable() {
  State& state = *state_;
  if (!state.stale) {
    if (auto done = state.read_notifications(); !done) {
      state.stale = true;
      if (done.error().system_error != ENOBUFS) return done.error();
      ++state.counters.overruns;
    }
  }
  if (state.stale)
    if (auto done = state.read_anew(); !done) return done.error();
  return std::exchange(state.unreported, {});
}

const std::map<std::uint32_t, Link>& LinkMonitor::snapshot() const {
  return state_->table.links();
}

const Link* LinkMonitor::find(const std::string& name) const {
  for (const auto& [ifindex, link] : snapshot())
    if (link.name == name) return &link;
  return nullptr;
}

const Link* LinkMonitor::find(std::uint32_t ifindex) const {
  const auto found = snapshot().find(ifindex);
  return found == snapshot().end() ? nullptr : &found->second;
}

const LinkMonitorCounters& LinkMonitor::counters() const {
  return state_->counters;
}

}  // namespace wgospf::wg

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
/// Datagrams of notifications taken at a time by who must not wait.
constexpr int kNotificationsAtOnce = 256;
/// No buffer holds more; what is queued meanwhile is newer than the reading, or lost and told so.
constexpr int kQueuedAtMost = 20'000;

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

/// Used by the monitor's thread, or by the reading's while one is under way.
struct LinkReading::Sockets {
  Sockets(NetlinkSocket event_socket, NetlinkSocket request_socket)
      : events(std::move(event_socket)), requests(std::move(request_socket)) {}
  NetlinkSocket events;    ///< Notifications only
  NetlinkSocket requests;  ///< Dumps only, so that their answers never mix with notifications
  LinkMonitorCounters counters;
};

void LinkReading::run() {
  for (int i = 0; i < kQueuedAtMost; ++i) {  // what is queued is older than the reading to come
    const auto data = sockets_->events.receive();
    if (data ? !data->has_value() : data.error().system_error != ENOBUFS) break;
  }
  ++sockets_->counters.readings;
  links_.emplace(read_all(sockets_->requests, sockets_->counters));
}

struct LinkMonitor::State {
  explicit State(std::shared_ptr<LinkReading::Sockets> opened) : sockets(std::move(opened)) {}
  std::shared_ptr<LinkReading::Sockets> sockets;
  int fd = sockets->events.fd();
  LinkTable table;
  LinkMonitorCounters counters;       ///< As they were when no reading was under way
  bool stale = false;                 ///< The table may lack something: all is to be read
  bool reading = false;               ///< Somebody has a LinkReading
  std::vector<LinkEvent> unreported;  ///< In the table already; kept should the call fail

  void report(std::vector<LinkEvent> more) {
    unreported.insert(unreported.end(), std::make_move_iterator(more.begin()),
                      std::make_move_iterator(more.end()));
  }
  Result<void> read_notifications(int at_most);
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
  LinkMonitor monitor(std::make_unique<State>(
      std::make_shared<LinkReading::Sockets>(*std::move(events), *std::move(requests))));
  auto reading = monitor.start_reading();
  reading.run();
  const auto first = monitor.take(std::move(reading));
  if (!first) return first.error();
  return monitor;
}

int LinkMonitor::fd() const {
  return state_->fd;
}

Result<std::vector<LinkEvent>> LinkMonitor::resync() {
  state_->stale = true;
  return on_readable();
}

Result<void> LinkMonitor::State::read_notifications(int at_most) {
  auto& seen = sockets->counters;
  for (int i = 0; i < at_most; ++i) {
    const auto data = sockets->events.receive();
    if (!data) {
      stale = true;
      if (data.error().system_error != ENOBUFS) return data.error();
      ++seen.overruns;
      return {};
    }
    if (!*data) return {};
    const bool whole = for_each_message(**data, [&](const nlmsghdr& message) {
      ++seen.messages;
      if (const auto parsed = parse_inventory_message(message))
        report(table.apply(*parsed));
      else
        ++seen.malformed;
    });
    if (!whole) ++seen.malformed;
  }
  return {};
}

Result<std::vector<LinkEvent>> LinkMonitor::take_notifications() {
  State& state = *state_;
  if (!state.stale && !state.reading) {
    const auto done = state.read_notifications(kNotificationsAtOnce);
    state.counters = state.sockets->counters;
    if (!done) return done.error();
  }
  return std::exchange(state.unreported, {});
}

bool LinkMonitor::is_stale() const {
  return state_->stale;
}

LinkReading LinkMonitor::start_reading() {
  state_->reading = true;
  return LinkReading(state_->sockets);
}

Result<std::vector<LinkEvent>> LinkMonitor::take(LinkReading reading) {
  State& state = *state_;
  state.reading = false;
  state.counters = state.sockets->counters;
  if (!reading.links_) return Error{ErrorCode::invalid, "the link inventory: a reading that was not run"};
  if (!*reading.links_) {
    state.stale = true;
    return reading.links_->error();
  }
  state.stale = false;
  state.report(state.table.replace(**std::move(reading.links_)));
  return std::exchange(state.unreported, {});
}

Result<std::vector<LinkEvent>> LinkMonitor::on_readable() {
  State& state = *state_;
  if (!state.stale) {
    const auto done = state.read_notifications(kQueuedAtMost);
    state.counters = state.sockets->counters;
    if (!done) return done.error();
  }
  if (!state.stale) return std::exchange(state.unreported, {});
  auto reading = start_reading();
  reading.run();
  return take(std::move(reading));
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

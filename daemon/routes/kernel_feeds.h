#pragma once
// The feeds of the tables that our routes stand in: the common one, and the one apart for routes that tunnels' own
// datagrams must not follow (underlay_guard.h). A prefix is in one of them; sets are in both, for a prefix may change
// its place. Both count their batches alike, so that a ticket is acknowledged when both tables have said so.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/host.h"
#include "daemon/routes/rib_feed.h"

namespace wgospf::daemon {

class KernelFeeds {
 public:
  using V2 = ospf::V2;
  /// `host` and `desired` must outlive it.
  KernelFeeds(Host& host, const RibFeed::Resolver& link, const DesiredRoutes& desired)
      : host_(host), common_(link, desired), apart_(link, desired) {}

  /// A prefix that comes to stand in the one table leaves the other.
  void apply(const ospf::RouteChange<V2>& change, bool is_apart);
  void links_changed(const std::vector<ospf::LinkId>& links);
  /// The members over the link are left out of their sets, or take part again, in both tables.
  void set_usable(ospf::LinkId link, bool usable);
  void submit_set(ospf::SetId set);
  void open(rib::Gate gate);

  /// What keeps a prefix from a table although it is desired, and at which gates sets and prefixes wait.
  struct Filters {
    RibFeed::IsHeld is_kept_from_common, is_kept_from_apart;
    RibFeed::Gates gates;
  };
  /// Hands over what has come together, or nothing but a ticket if one is wanted; the ticket.
  [[nodiscard]] std::optional<rib::Ticket> submit(const Filters& filters, bool is_ticket_wanted);
  void claim();
  void flush_and_stop(rib::OnStop on_stop);

  struct Reached {
    rib::Ticket ticket = 0;                     ///< acknowledged by both tables
    std::optional<std::uint64_t> generation{};  ///< with it, if that is news
  };
  Reached acknowledged(rib::Ticket ticket, TableOf table);
  void stands(const rib::RouteStands& report, TableOf table) { feed(table).stands(report); }
  void failed(const rib::Failed& report, TableOf table) { feed(table).failed(report); }
  void recovered(const rib::Recovered& report, TableOf table) { feed(table).recovered(report); }

  [[nodiscard]] std::vector<ospf::NextHop> next_hops(ospf::SetId set) const { return common_.next_hops(set); }
  [[nodiscard]] std::uint64_t acknowledged_generation() const { return common_.acknowledged_generation(); }
  [[nodiscard]] bool is_acknowledged() const { return common_.is_acknowledged() && apart_.is_acknowledged(); }
  [[nodiscard]] std::map<std::string, std::string> failures(std::size_t limit) const;
  [[nodiscard]] std::size_t failure_count() const { return common_.failure_count() + apart_.failure_count(); }
  [[nodiscard]] RibFeed::State state(const ospf::Route<V2>& route, TableOf table) const {
    return table == TableOf::apart ? apart_.state(route) : common_.state(route);
  }
  /// Of both tables.
  [[nodiscard]] rib::Counters counters() const;

 private:
  [[nodiscard]] RibFeed& feed(TableOf table) { return table == TableOf::apart ? apart_ : common_; }

  Host& host_;
  RibFeed common_, apart_;
  rib::Ticket common_reached_ = 0, apart_reached_ = 0;
};

}  // namespace wgospf::daemon

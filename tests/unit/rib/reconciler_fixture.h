#pragma once
// A reconciler, a naive kernel for it to work on, and what it reports.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "rib/reconciler.h"
#include "tests/unit/rib/model_kernel.h"

namespace wgospf::rib {

using namespace std::chrono_literals;

inline Ipv4Prefix prefix(std::uint32_t n) {
  return Ipv4Prefix::make({0x0a000000U + (n << 8)}, 24);
}
inline Member device(std::uint32_t ifindex, std::uint32_t weight = 1) {
  return {.ifindex = ifindex, .weight = weight};
}
inline Member tagged(std::uint32_t ifindex, Tag tag) {
  return {.ifindex = ifindex, .tag = tag};
}
inline NexthopKey key(std::uint32_t ifindex) {
  return {.ifindex = ifindex};
}

class ReconcilerTest : public testing::Test {
 protected:
  static constexpr IdRange kIds{1000, 200};

  /// Runs to rest; `ran` then holds all operations in order.
  void run() {
    ran.clear();
    reports.clear();
    // A bound, so that an endless exchange is a failure and not a hang.
    for (int turn = 0; turn < 20'000; ++turn) {
      const auto operations = reconciler.next(now, 256);
      if (operations.empty()) break;
      for (const Operation& operation : operations) {
        const auto refused = refuse ? refuse(operation) : std::nullopt;
        const Outcome outcome = refused ? *refused : kernel.execute(operation);
        reconciler.completed(operation, outcome, now);
        ran.push_back(operation);
      }
      ASSERT_LT(turn, 19'999) << "the reconciler does not come to rest";
    }
    for (Report& report : reconciler.take_reports()) {
      if (const auto* stands = std::get_if<RouteStands>(&report))
        standings[stands->prefix] = stands->standing;
      reports.push_back(std::move(report));
    }
  }
  /// Prefix 1 by device 3, as set 1.
  void submit_one_route() {
    submit({SetChanged{1, Family::ipv4, {device(3)}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  }
  /// The kernel refuses all operations of one kind from now on.
  template <class T>
  void refuse_all(int error) {
    refuse = [error](const Operation& operation) -> std::optional<Outcome> {
      if (std::holds_alternative<T>(operation)) return Outcome{error, {}};
      return std::nullopt;
    };
  }
  void set_rivals(const IpPrefix& to, const std::optional<Rivals>& who) {
    rivals.erase(to);
    if (who) rivals.emplace(to, *who);
    reconciler.rivals_changed(to);
  }
  /// Another program puts a route before ours, with the same metric.
  void prepend(const IpPrefix& to) {
    kernel.prepended.insert(to);
    set_rivals(to, Rivals{Holder{.metric = 110, .ifindex = 9, .protocol = 4}, true});
  }
  /// The standing that was told last, as the daemon would show it.
  [[nodiscard]] Standing told(std::uint32_t n) const {
    const auto found = standings.find(prefix(n));
    return found == standings.end() ? Standing::in_kernel : found->second;
  }
  void submit(std::vector<Change> changes) { reconciler.apply({++ticket, std::move(changes)}); }

  template <class T>
  [[nodiscard]] std::size_t count() const {
    std::size_t n = 0;
    for (const Operation& operation : ran) n += std::holds_alternative<T>(operation) ? 1 : 0;
    return n;
  }
  template <class T>
  [[nodiscard]] std::vector<T> reported() const {
    std::vector<T> found;
    for (const Report& report : reports) {
      if (const T* r = std::get_if<T>(&report)) found.push_back(*r);
    }
    return found;
  }
  [[nodiscard]] std::set<std::uint32_t> exits(std::uint32_t n) const {
    std::set<std::uint32_t> result;
    const auto forwarding = kernel.forwarding();
    const auto found = forwarding.find(prefix(n));
    if (found == forwarding.end()) return result;
    for (const auto& [nexthop, weight] : found->second.first) result.insert(nexthop.ifindex);
    return result;
  }

  std::map<IpPrefix, Rivals> rivals;
  Reconciler reconciler{{.ids = kIds, .rivals = [this](const IpPrefix& to) {
                           const auto found = rivals.find(to);
                           return found == rivals.end() ? std::nullopt : std::optional(found->second);
                         }}};
  ModelKernel kernel;
  Instant now{};
  std::uint64_t ticket = 0;
  std::vector<Operation> ran;
  Reports reports;
  std::map<IpPrefix, Standing> standings;
  std::function<std::optional<Outcome>(const Operation&)> refuse;
};

}  // namespace wgospf::rib

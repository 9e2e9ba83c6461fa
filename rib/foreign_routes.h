#pragma once
// Routes that others have made, for redistribution: what is of interest, and what became of it. Pure.
//
// Notifications alone do not tell everything: IPv4 routes that vanish with their link or address do so
// silently, and several routes may share a prefix and metric. So what a notification cannot settle asks for a
// new reading
// (`wants_reading`), whose difference to the last is reported.

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "rib/message.h"
#include "rib/report.h"

namespace wgospf::rib {

class ForeignRoutes {
 public:
  explicit ForeignRoutes(RedistributionWatch watch) : watch_(std::move(watch)) {}

  /// Ask for a reading afterwards.
  void watch(RedistributionWatch watch) { watch_ = std::move(watch); }
  [[nodiscard]] bool idle() const { return watch_.empty() && routes_.empty(); }

  /// What to read: tables and protocols (0: all), each for every family.
  [[nodiscard]] std::vector<std::pair<std::uint32_t, std::uint8_t>> readings() const;
  /// A notification.
  void seen(const RouteMessage& message, Reports& reports);
  /// The result of a reading.
  void loaded(const std::vector<RouteMessage>& messages, Reports& reports);
  /// Set by a notification that did not tell enough; cleared by `loaded`.
  [[nodiscard]] bool wants_reading() const { return wants_reading_; }

 private:
  using Slot = std::tuple<std::uint32_t, IpPrefix, std::uint32_t>;  // table, prefix, metric
  struct Entry {
    ForeignRoute route{};
    bool shared = false;  // others have the same slot
  };
  [[nodiscard]] std::optional<ForeignRoute> relevant(const RouteMessage& message) const;
  void put(const Slot& slot, const ForeignRoute& route, Reports& reports);

  RedistributionWatch watch_;
  std::map<Slot, Entry> routes_;
  bool wants_reading_ = false;
};

}  // namespace wgospf::rib

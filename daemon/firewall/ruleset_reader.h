#pragma once
// The packet filter's rules as they are now, read by nft when they have changed. Waits for nft and the kernel:
// call it off the loop. Used by one thread, whose network namespace it reads.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daemon/firewall/ruleset.h"
#include "net/netlink_socket.h"

namespace wgospf::daemon::firewall {

struct RulesetReading {
  std::shared_ptr<const Ruleset> ruleset{};  ///< null: they are not known
  std::string problem{};                     ///< why not, or what of them is not known; empty when all is
  bool is_whole = false;                     ///< nothing else can drop a packet
};

class RulesetReader {
 public:
  /// What is there; the former reading where the kernel says that nothing has changed.
  [[nodiscard]] const RulesetReading& read();

 private:
  using Time = std::chrono::steady_clock::time_point;
  [[nodiscard]] std::optional<std::uint32_t> generation();
  [[nodiscard]] static RulesetReading list();

  std::optional<netlink::Socket> socket_;
  RulesetReading last_;
  std::optional<std::uint32_t> generation_;  ///< of last_
  std::optional<Time> next_;                 ///< not read again before; none: never read
};

/// Those of /proc/net/ip_tables_names: tables of the old iptables, of which nft knows nothing.
[[nodiscard]] std::string old_tables();

}  // namespace wgospf::daemon::firewall

#pragma once
// Interfaces that send much more than they did a moment ago.
//
// WireGuard tells of nothing by itself, so that an endpoint that has moved to where a route leads into the
// tunnel is found by reading the device; until then its packets go round, as many as the machine can make.
// What gives that away at once is the interface's counter of sent bytes, which costs far less to read than a
// device.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "net/netlink_socket.h"
#include "net/result.h"

namespace wgospf::wg {

/// Bytes that each interface has sent so far, by ifindex.
using SentBytes = std::map<std::uint32_t, std::uint64_t>;

/// The rates and what is usual of them. Pure.
class TransmitWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// Less than this is no leap whatever was usual: a loop is bound by the processor alone.
  static constexpr std::uint64_t kLeastBytesPerSecond = 4'000'000;
  /// So many times the usual rate is one.
  static constexpr std::uint64_t kLeap = 4;

  /// Those of `ifindexes` whose rate since the last call is a leap. What lasts is usual after some calls.
  [[nodiscard]] std::vector<std::uint32_t> take(const SentBytes& sent,
                                                const std::set<std::uint32_t>& ifindexes, Time now);

 private:
  struct Known {
    std::uint64_t bytes = 0;
    std::uint64_t usual = 0;  ///< bytes a second
  };
  std::map<std::uint32_t, Known> known_;
  Time last_{};
};

/// Reads the counters of all interfaces at once.
class SentBytesReader {
 public:
  /// Of this thread's network namespace. Needs no privilege.
  [[nodiscard]] static Result<SentBytesReader> open();
  [[nodiscard]] Result<SentBytes> read();

 private:
  explicit SentBytesReader(netlink::Socket socket) : socket_(std::move(socket)) {}
  netlink::Socket socket_;
};

}  // namespace wgospf::wg

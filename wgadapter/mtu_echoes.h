#pragma once
// The largest packet that gets to a neighbour and back over a tunnel (mtu_search.h), asked by ICMP echo.
//
// The packets are as large as they are to be inside the tunnel. WireGuard says nothing when it loses one: its own
// datagrams vanish in the underlay, or are refused by the device below. An answer counts when it has the length, the
// identifier and the sequence number of a packet of this search, and its random bytes: who did not see the packet
// cannot have sent it, and its neighbour saw none that did not pass.

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "wgadapter/icmp_echo.h"
#include "wgadapter/mtu_search.h"

namespace wgospf::wg {

struct MtuProbe {
  std::uint64_t ticket = 0;
  EchoTarget target{};
  std::uint32_t most = 0;  ///< the device's MTU, bytes
};

struct MtuProbed {
  std::uint64_t ticket = 0;
  std::uint32_t largest = 0;  ///< IP packet, bytes; 0: no answer at all
  bool is_certain = false;    ///< larger ones do not pass
  std::string error{};        ///< why it could not be asked; empty when it could
};

/// One search.
class MtuEchoes {
 public:
  using Clock = std::chrono::steady_clock;
  MtuEchoes(const MtuProbe& probe, EchoSocket socket, std::mt19937& random);

  [[nodiscard]] int fd() const { return socket_.fd(); }
  [[nodiscard]] Clock::time_point deadline() const { return deadline_; }
  [[nodiscard]] bool is_over() const { return is_over_; }
  [[nodiscard]] MtuProbed result() const {
    return {ticket_, search_.largest(), search_.is_certain(), error_};
  }
  void receive(Clock::time_point now);
  void time_is_up(Clock::time_point now);

 private:
  struct Sent {
    std::uint32_t size = 0;
    Clock::time_point at{};
  };
  void send_next(Clock::time_point now);
  void take(const EchoReply& reply, Clock::time_point now);

  std::uint64_t ticket_;
  EchoSocket socket_;
  MtuSearch search_;
  std::uint16_t identifier_;
  std::uint16_t sequence_ = 0;
  std::vector<std::uint8_t> payload_;   ///< the longest message, its header written anew each time
  std::map<std::uint16_t, Sent> sent_;  ///< by sequence number; at most MtuSearch::kPacketsMost
  std::chrono::milliseconds wait_;
  Clock::time_point deadline_{};
  std::string error_;
  bool is_over_ = false;
};

}  // namespace wgospf::wg

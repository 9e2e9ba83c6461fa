#pragma once
// Datagrams that wait for the loop, by who sent them. Senders are served in turn, and where there is no room any more the
// one with the most waiting loses its last. So who floods keeps itself from being heard, and nobody else. Pure.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "wgadapter/ospf_socket.h"

namespace wgospf::wg {

class FairQueue {
 public:
  /// Whoever is to have a turn of its own. Their number bounds what the queue holds beside `room`.
  using Sender = std::uint64_t;
  /// What is kept of a datagram beside its payload, about, in bytes.
  static constexpr std::size_t kOverhead = 64;

  /// `room`: bytes of all that waits, overhead included.
  explicit FairQueue(std::size_t room) : room_(room) {}

  void push(Sender sender, const Datagram& datagram);
  /// The oldest of the sender whose turn it is; nullopt when nothing waits. Its payload is valid until the next call
  /// of pop().
  [[nodiscard]] std::optional<Datagram> pop();

  [[nodiscard]] bool empty() const { return turns_.empty(); }
  /// Bytes of all that waits, overhead included.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  /// Of the last datagram that was dropped.
  [[nodiscard]] Ipv4Address dropped_source() const { return dropped_source_; }

 private:
  struct Kept {
    Datagram datagram{};
    std::vector<std::uint8_t> payload{};
    [[nodiscard]] std::size_t size() const { return payload.size() + kOverhead; }
  };
  struct Waiting {
    std::deque<Kept> kept{};
    std::size_t bytes = 0;
  };
  void resize(Sender sender, Waiting& waiting, std::size_t bytes);
  void drop_last_of_longest();

  std::size_t room_;
  std::size_t bytes_ = 0;
  std::map<Sender, Waiting> waiting_;                   ///< of senders that have something
  std::set<std::pair<std::size_t, Sender>> by_length_;  ///< of the same
  std::deque<Sender> turns_;                            ///< of the same, the next one first
  std::vector<std::uint8_t> handed_out_;
  std::uint64_t dropped_ = 0;
  Ipv4Address dropped_source_{};
};

}  // namespace wgospf::wg

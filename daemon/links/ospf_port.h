#pragma once
// The raw socket of one interface on the loop: datagrams in, packets out, troubles told once.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "daemon/kernel_jobs.h"
#include "wgadapter/fair_queue.h"
#include "wgadapter/ospf_socket.h"

namespace wgospf::daemon {

class OspfPort {
 public:
  struct Callbacks {
    std::function<void(const wg::Datagram&)> datagram;
    /// Whose datagrams, of this source, have turns and room of their own. Empty: those of a source, in a few dozen
    /// groups of sources.
    std::function<wg::FairQueue::Sender(Ipv4Address)> sender{};
    /// Called after the datagrams of one turn.
    std::function<void()> turn_end;
    /// Sending or receiving has begun to fail (with the reason), or works again (empty).
    std::function<void(const std::string&)> trouble;
    /// 224.0.0.5 has been joined, or could not be.
    std::function<void(const Result<void>&)> joined;
  };
  /// What a port needs of its surroundings; must outlive it.
  struct Place {
    boost::asio::io_context& loop;
    KernelJobs& jobs;  ///< joins and leaves groups
  };

  /// Binds to the interface, and joins 224.0.0.5 soon; on the loop, as everything here. Packets can be sent
  /// at once. No callback is called before the loop runs again, and none after destruction.
  [[nodiscard]] static Result<std::unique_ptr<OspfPort>> open(Place place, const std::string& interface,
                                                              std::uint32_t ifindex, Callbacks callbacks);
  ~OspfPort();
  OspfPort(const OspfPort&) = delete;
  OspfPort& operator=(const OspfPort&) = delete;

  /// A packet that cannot be sent now is dropped: OSPF retransmits what matters.
  void send(Ipv4Address destination, std::span<const std::byte> packet, std::optional<Ipv4Address> source);

  /// Hands out datagrams out of turn, a few; false when no more are there. turn_end is not called.
  bool read_now();

  [[nodiscard]] std::uint32_t ifindex() const;
  [[nodiscard]] bool is_joined() const;
  /// Since when everything that comes is heard; nullopt: not yet.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> hears_since() const;

 private:
  struct State;
  explicit OspfPort(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace wgospf::daemon

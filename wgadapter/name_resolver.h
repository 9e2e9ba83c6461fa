#pragma once
// The thread that asks DNS where peers are (c-ares): A and AAAA of hosts, SRV of services.
//
// It reads /etc/resolv.conf and /etc/hosts as other programs do, and the former again when it has changed. Whoever answers
// is not trusted: of an answer no more than kAddressesMost addresses and kTargetsMost targets are taken, no address that
// a host elsewhere cannot have, and no name that is none. What WireGuard then sends there is a handshake, which only
// the peer can answer. Each query has a deadline; kAtOnce are under way at a time, and the others wait. Sockets belong to
// the network namespace of the thread that calls the constructor.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/endpoint_name.h"
#include "wgadapter/device.h"

namespace wgospf::wg {

struct NameAnswer {
  std::uint64_t ticket = 0;
  /// In the order of preference: that of SRV (priority, then weight), and for one name that of RFC 6724.
  std::vector<Endpoint> endpoints{};
  std::chrono::seconds ttl{};  ///< the least of what was used; from kTtlLeast to kTtlMost
  std::string error{};         ///< why there are no endpoints, or not all
};

class NameResolver {
 public:
  static constexpr std::size_t kAddressesMost = 16, kTargetsMost = 8, kAtOnce = 32;
  static constexpr std::chrono::milliseconds kTimeout{2000};  ///< of each of two tries
  static constexpr std::chrono::seconds kTtlLeast{1}, kTtlMost{86400};
  /// Called on the resolver's thread.
  using Callback = std::function<void(NameAnswer)>;

  explicit NameResolver(Callback callback);
  /// What is under way is not answered any more.
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  /// A host or a service. Answered once; returns at once, from any thread.
  void ask(std::uint64_t ticket, EndpointName name);

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

/// What an answer has of SRV records (RFC 2782), the best first; at most kTargetsMost.
struct ServiceTarget {
  std::string name{};
  std::uint16_t port = 0;
  std::uint16_t priority = 0, weight = 0;
  bool operator==(const ServiceTarget&) const = default;
};
struct ServiceTargets {
  std::vector<ServiceTarget> targets{};
  std::chrono::seconds ttl{NameResolver::kTtlMost};
};
/// Of a DNS message. A target that is no name, or has port 0, is left out; so is the root, which says that there is no
/// such service. Nothing of a message that cannot be read.
[[nodiscard]] ServiceTargets parse_service_answer(std::span<const std::uint8_t> message);

}  // namespace wgospf::wg

#pragma once
// The kernel's routes to clients: a host route into the device of the one that is here, which comes before OSPF's,
// and behind that an unreachable one for each client that is known, so that a packet to a client that is nowhere
// is answered, and does not vanish in a device that has no session with it. They bear protocol 89 without a next hop
// object, by which rib knows that they are none of its own.
//
// What is wanted is held against what the kernel has, on the thread for that (daemon/kernel_jobs.h): when it has
// changed, when links have, and now and then.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/kernel_jobs.h"
#include "net/ip.h"
#include "net/result.h"

namespace wgospf::daemon {

/// The device of one that is here; nullopt: only the unreachable route.
using ClientRouteTable = std::map<Ipv4Address, std::optional<std::uint32_t>>;

/// Behind whatever other programs have.
inline constexpr std::uint32_t kUnreachableMetric = 0xfffffff0;

struct ClientRoutePlace {
  std::uint32_t table = 254;
  std::uint32_t metric = 110;  ///< of OSPF's routes
};

/// Brings the kernel's routes in order, those of a former run included. Not on the loop.
[[nodiscard]] Result<void> write_client_routes(const ClientRoutePlace& place, const ClientRouteTable& wanted);

class ClientRoutes {
 public:
  /// `problem`: why the routes could not be written; empty when they could.
  ClientRoutes(KernelJobs& jobs, std::function<void(const std::string&)> problem)
      : jobs_(jobs), problem_(std::move(problem)) {}
  ~ClientRoutes() { *alive_ = false; }
  ClientRoutes(const ClientRoutes&) = delete;
  ClientRoutes& operator=(const ClientRoutes&) = delete;

  void set_place(const ClientRoutePlace& place) { place_ = place; }
  void want(ClientRouteTable wanted);
  /// At the end.
  void remove_all();
  /// The kernel may have lost some.
  void look_again();

 private:
  void write();

  KernelJobs& jobs_;
  std::function<void(const std::string&)> problem_;
  ClientRoutePlace place_{};
  ClientRouteTable wanted_{};
  bool is_due_ = false;
  bool is_writing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon

#pragma once
// What routers call themselves (RFC 5642): ours is announced in a Router Information LSA (RFC 7770) of each area, that of
// others is taken from theirs while they are reachable. A name is for people: nothing is decided by it, for whoever is in
// the network may call himself as he likes. Two that call themselves the same are a warning.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/router_view.h"
#include "daemon/telling/teller.h"
#include "ospf/input.h"
#include "ospf/output.h"

namespace wgospf::daemon {

/// gethostname(2); may hold any bytes.
[[nodiscard]] std::string host_name();

class Hostnames {
 public:
  using Announce = std::function<void(const ospf::OpaqueChanged&)>;
  Hostnames(Teller& teller, ospf::RouterId own, Announce announce)
      : teller_(teller), own_(own), announce_(std::move(announce)) {}

  /// The core runs: our name is announced in these areas from now on. `system_name`: where the configuration has none;
  /// one that is no hostname, or "localhost", is not announced.
  void configure(const Config& config, const std::string& system_name);
  void take(const ospf::OpaqueReceived& received);
  /// Never null; the same object while nothing changes.
  [[nodiscard]] std::shared_ptr<const HostnameMap> names() const { return names_; }

 private:
  /// A router has an LSA in each area, and may have several in one: the first by area and opaque id that has a name counts.
  using Place = std::tuple<ospf::RouterId, ospf::AreaId, std::uint32_t>;
  void publish();
  void warn_of_namesakes();

  Teller& teller_;
  const ospf::RouterId own_;
  const Announce announce_;
  std::string own_name_;  ///< empty: none
  std::vector<ospf::AreaId> areas_;
  std::map<Place, std::string> heard_;
  std::shared_ptr<const HostnameMap> names_ = std::make_shared<const HostnameMap>();
};

}  // namespace wgospf::daemon

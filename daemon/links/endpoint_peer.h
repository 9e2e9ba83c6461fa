#pragma once
// A peer whose configuration says where it can be reached, and what is shown of that.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "net/endpoint_name.h"
#include "ospf/types.h"
#include "wgadapter/icmp_echo.h"
#include "wgadapter/key.h"

namespace wgospf::daemon {

struct EndpointPeer {
  ospf::LinkId link{};           ///< to the peer; of a device with one, the interface's
  std::string name{};            ///< for people
  std::string device{};          ///< as the kernel calls it
  std::optional<wg::Key> key{};  ///< nullopt: the only one of the device
  std::vector<EndpointName> endpoints{};
  std::chrono::milliseconds patience{};  ///< how long nothing may come from it
  wg::EchoTarget inside{};               ///< an echo there has WireGuard shake hands with it
  bool operator==(const EndpointPeer&) const = default;
};

/// One of the places that it may be at.
struct EndpointNote {
  std::string endpoint{};  ///< empty: a name that has no address
  std::string origin{};    ///< what the configuration calls it; empty: none of its
  std::optional<std::chrono::steady_clock::duration> round_trip{};  ///< of an echo, when it was last sought
  std::string state{};  ///< "in use", "heard", "trying", "no answer", "passed over", "not tried", "not known"
  std::string why{};    ///< it is passed over, or not known
  bool operator==(const EndpointNote&) const = default;
};

}  // namespace wgospf::daemon

#pragma once
// A client as a device of this machine knows it.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "net/ip.h"
#include "wgadapter/key.h"

namespace wgospf::daemon {

struct ClientPlace {
  std::string device{};  ///< as the kernel calls it
  wg::Key key{};
  std::string name{};
  std::vector<Ipv4Address>
      addresses{};          ///< not empty; the first is the one that follows it on a shared device
  std::uint16_t cost = 10;  ///< to it
  bool operator==(const ClientPlace&) const = default;
};

struct ClientPlaces {
  std::vector<ClientPlace> places{};
  std::map<std::string, std::chrono::steady_clock::duration> holds{};  ///< by device
};

}  // namespace wgospf::daemon

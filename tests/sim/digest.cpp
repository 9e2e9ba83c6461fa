#include "tests/sim/digest.h"

#include <algorithm>
#include <cstdio>

#include "ospf/base/bytes.h"

namespace wgospf::sim {

using namespace ospf;

namespace {

std::string text(const RouteTable<V2>& table, const Route<V2>& route) {
  std::string line = route.prefix.to_string() + " " + std::string(to_string(route.path_type)) + " metric " +
                     std::to_string(route.metric) + " type-2 " + std::to_string(route.type2_metric) +
                     " area " + route.area.to_string() + " tag " + std::to_string(route.tag);
  if (route.set == kAttachedSet) line += " attached";
  for (const auto& hop : table.next_hops(route))
    line += " via " + (hop.gateway ? to_string(*hop.gateway) : "-") + " link " +
            std::to_string(hop.link.value) + " router " + hop.router.to_string();
  return line;
}

/// From the bytes alone, so that it is the same whatever the core calls its types.
std::string text(const DatabaseEntry& entry) {
  const auto bytes = entry.lsa.bytes();
  const auto address = [&](std::size_t at) { return Ipv4Address{load_u32(bytes.data() + at)}.to_string(); };
  std::string line = "type " + std::to_string(load_u8(bytes.data() + 3)) + " id " + address(4) + " by " +
                     address(8) + " area " + entry.area.to_string() + " link " +
                     std::to_string(entry.link.value) + " options " +
                     std::to_string(load_u8(bytes.data() + 2)) + " body ";
  for (const std::byte octet : bytes.subspan(kLsaHeaderSize)) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", std::to_integer<unsigned>(octet));
    line += hex;
  }
  return line;
}

/// FNV-1a.
std::uint64_t hash(const std::vector<std::string>& lines) {
  std::uint64_t value = 0xcbf29ce484222325ULL;
  for (const auto& line : lines)
    for (const char letter : line + "\n")
      value = (value ^ static_cast<unsigned char>(letter)) * 0x100000001b3ULL;
  return value;
}

}  // namespace

std::vector<RouterDigest> digest(const Network& network) {
  std::vector<RouterDigest> all;
  for (const Router& router : network.routers) {
    if (!router.is_running()) continue;
    RouterDigest& one = all.emplace_back();
    one.router = router.id.to_string();
    const auto table = router.instance->routes();
    for (const auto& route : table->routes) one.routes.push_back(text(*table, route));
    DatabaseCursor cursor;
    while (!cursor.done)
      for (const auto& entry : router.instance->database(cursor, 256, network.now()))
        if (entry.header.age < kMaxAge) one.lsas.push_back(text(entry));
    std::sort(one.routes.begin(), one.routes.end());
    std::sort(one.lsas.begin(), one.lsas.end());
  }
  return all;
}

std::string summary(const RouterDigest& digest) {
  char line[160];
  std::snprintf(line, sizeof line, "router %s: %zu routes %016llx, %zu LSAs %016llx", digest.router.c_str(),
                digest.routes.size(), static_cast<unsigned long long>(hash(digest.routes)),
                digest.lsas.size(), static_cast<unsigned long long>(hash(digest.lsas)));
  return line;
}

}  // namespace wgospf::sim

#include "tests/sim/describe.h"

#include <cstdio>
#include <string_view>
#include <variant>

namespace wgospf::sim {

using namespace ospf;  // the text is about nothing else

namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "%08x", value);
  return text;
}

std::string text(std::string_view view) {
  return std::string(view);
}

std::string body_text(const Hello& hello) {
  std::string line = "Hello mask " + hex(hello.network_mask) + " " + std::to_string(hello.hello_interval) +
                     "/" + std::to_string(hello.dead_interval) + " options " +
                     hex(hello.options.bits).substr(6) + " neighbors [";
  for (const RouterId id : hello.neighbors) line += " " + id.to_string();
  return line + " ]";
}
std::string body_text(const DatabaseDescription& dd) {
  std::string line = "DD seq " + hex(dd.sequence_number) + " mtu " + std::to_string(dd.interface_mtu) +
                     (dd.flags.init ? " I" : " -") + (dd.flags.more ? "M" : "-") +
                     (dd.flags.master ? "MS" : "--") + " " + std::to_string(dd.headers.size()) + " headers";
  for (const auto& header : dd.headers) line += "; " + describe(header);
  return line;
}
std::string body_text(const LinkStateRequest& request) {
  std::string line = "Request " + std::to_string(request.keys.size());
  for (const auto& key : request.keys) line += "; " + describe(key);
  return line;
}
std::string body_text(const LinkStateUpdate& update) {
  std::string line = "Update " + std::to_string(update.lsas.size());
  for (const auto& lsa : update.lsas) {
    line += "; " + describe(lsa.header);
    if (lsa.error) line += " BAD:" + text(to_string(*lsa.error));
  }
  return line;
}
std::string body_text(const LinkStateAcknowledgment& ack) {
  std::string line = "Ack " + std::to_string(ack.headers.size());
  for (const auto& header : ack.headers) line += "; " + describe(header);
  return line;
}

std::string link_text(LinkId link) {
  return "link " + std::to_string(link.value);
}

}  // namespace

std::string describe(const LsaKey& key) {
  return text(to_string(key.type)) + " " + key.id.to_string() + " by " + key.advertising_router.to_string();
}

std::string describe(const LsaHeader& header) {
  return describe(header.key) + " seq " + hex(static_cast<std::uint32_t>(header.sequence_number)) + " age " +
         std::to_string(header.age) + " sum " + hex(header.checksum).substr(4);
}

std::string describe_packet(std::span<const std::byte> bytes) {
  const auto decoded = V2::decode(bytes);
  if (const auto* error = std::get_if<DecodeError>(&decoded))
    return "undecodable (" + text(to_string(error->reason)) + "), " + std::to_string(bytes.size()) + " bytes";
  const auto& packet = std::get<Packet>(decoded);
  return std::visit([](const auto& body) { return body_text(body); }, packet.body);
}

std::string describe(const Event& event) {
  return std::visit(
      Overloaded{
          [](const NeighborStateChanged& e) {
            return "neighbor " + e.router.to_string() + " on " + link_text(e.link) + " " +
                   text(to_string(e.from)) + " -> " + text(to_string(e.to)) + " (" +
                   text(to_string(e.reason)) + ")";
          },
          [](const InterfaceStateChanged& e) {
            return "interface " + link_text(e.link) + " " + text(to_string(e.from)) + " -> " +
                   text(to_string(e.to)) + " (" + text(to_string(e.reason)) + ")";
          },
          [](const Dropped& e) {
            return "dropped on " + link_text(e.link) + " from " + to_string(e.source) + ": " +
                   text(to_string(e.reason)) + " (" + std::to_string(e.value) + ")";
          },
          [](const DuplicateRouterId& e) {
            return "duplicate router id on " + link_text(e.link) + " from " + to_string(e.source);
          },
          [](const DuplicateRouterIdInArea& e) {
            return "duplicate router id in area " + e.area.to_string() + ": " +
                   describe(V2::header(e.theirs));
          },
          [](const SelfOriginatedReceived& e) {
            return "own LSA received newer: " + describe(e.key) + " seq " +
                   hex(static_cast<std::uint32_t>(e.sequence_number));
          },
          [](const OwnLsaFlushedElsewhere& e) {
            return "own LSA flushed elsewhere: " + describe(e.key) + " seq " +
                   hex(static_cast<std::uint32_t>(e.sequence_number));
          },
          [](const DatabaseLimit& e) {
            return std::string(e.is_full ? "database full: " : "database has room again: ") +
                   std::to_string(e.lsas) + " LSAs, " + std::to_string(e.bytes) + " bytes";
          },
          [](const LsaOriginated& e) {
            return std::string(e.flushed ? "flushed " : "originated ") + describe(e.header);
          },
          [](const NoLinkStateId& e) { return "no link state id for " + to_string(e.prefix); },
          [](const RouterLsaFull& e) {
            return "router-LSA of area " + e.area.to_string() + " is full, " +
                   std::to_string(e.links_left_out) + " links left out";
          },
          [](const MtuDiffers& e) {
            return "mtu of " + e.router.to_string() + " is " + std::to_string(e.theirs) + ", ours " +
                   std::to_string(e.ours);
          },
          [](const NetworkMaskDiffers& e) {
            return "mask of " + e.router.to_string() + " is " + std::to_string(e.theirs) + ", ours " +
                   std::to_string(e.ours);
          },
          [](const LinkCostDiffers& e) {
            return "cost of " + e.router.to_string() + " is " + std::to_string(e.theirs) + ", ours " +
                   std::to_string(e.ours);
          },
          [](const RoutesCalculated& e) {
            return "routes calculated, kind " + std::to_string(static_cast<int>(e.result.kind)) +
                   " generation " + std::to_string(e.result.generation.value) + " vertices " +
                   std::to_string(e.result.vertices_reached) + " prefixes " +
                   std::to_string(e.result.prefixes_examined);
          },
          [](const ShutdownComplete& e) {
            return std::string("shutdown complete, ") +
                   (e.acknowledged ? "acknowledged" : "not acknowledged");
          },
          [](const LsaCorrupted& e) { return "LSA corrupted: " + describe(e.key); },
          [](const InternalError& e) { return std::string("INTERNAL ERROR: ") + e.what; },
      },
      event);
}

std::string describe(const std::vector<NextHop>& next_hops) {
  std::string line = "[";
  for (const auto& hop : next_hops) {
    line += " " + hop.router.to_string() + "@" + std::to_string(hop.link.value);
    if (hop.gateway) line += " via " + to_string(*hop.gateway);
    line += ",";
  }
  return line + " ]";
}

std::string describe(const Route<V2>& route) {
  std::string line = route.prefix.to_string() + " " + text(to_string(route.path_type)) + " metric " +
                     std::to_string(route.metric) + " set " + std::to_string(route.set.value);
  if (route.path_type == PathType::external_2) line += " type2 " + std::to_string(route.type2_metric);
  return line;
}

std::string describe(const RouteChange<V2>& change) {
  const std::string start = "generation " + std::to_string(change.generation.value) + " ";
  return start +
         std::visit(Overloaded{
                        [](const SetChanged& c) {
                          return "set " + std::to_string(c.set.value) + " " + describe(c.members);
                        },
                        [](const SetGone& c) { return "set " + std::to_string(c.set.value) + " gone"; },
                        [](const PrefixChanged<V2>& c) { return "route " + describe(c.route); },
                        [](const PrefixGone<V2>& c) { return "route " + c.prefix.to_string() + " gone"; },
                    },
                    change.change);
}

}  // namespace wgospf::sim

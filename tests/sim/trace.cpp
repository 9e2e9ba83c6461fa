#include "tests/sim/trace.h"

#include <variant>

#include "ospf/base/bytes.h"
#include "tests/sim/describe.h"

namespace wgospf::sim {

using namespace ospf;

void Trace::mix(std::uint64_t value) {
  hash_ = hash_mix(hash_ ^ value) + 0x9e3779b97f4a7c15ULL;
}

void Trace::mix(std::span<const std::byte> bytes) {
  mix(bytes.size());
  std::size_t offset = 0;
  for (; offset + 4 <= bytes.size(); offset += 4) mix(load_u32(bytes.data() + offset));
  for (; offset < bytes.size(); ++offset) mix(load_u8(bytes.data() + offset));
}

void Trace::mix_transmit(const Transmit& transmit) {
  mix(transmit.link.value);
  if (const auto* address = std::get_if<IpAddress>(&transmit.destination))
    mix(as<Ipv4Address>(*address).value);
  mix(*transmit.bytes);
}

void Trace::mix_change(const RouteChange<V2>& change) {
  mix(change.generation.value);
  mix(change.change.index());
  if (const auto* set = std::get_if<SetChanged>(&change.change)) {
    mix(set->set.value);
    for (const auto& hop : set->members) {
      mix(hop.link.value);
      mix(hop.router.value);
      mix(hop.gateway ? as<Ipv4Address>(*hop.gateway).value : 0);
    }
  } else if (const auto* gone = std::get_if<SetGone>(&change.change)) {
    mix(gone->set.value);
  } else if (const auto* prefix = std::get_if<PrefixChanged<V2>>(&change.change)) {
    const auto& route = prefix->route;
    mix((std::uint64_t{route.prefix.address.value} << 8) | route.prefix.length);
    mix((std::uint64_t{route.metric} << 32) | route.type2_metric);
    mix((std::uint64_t{route.set.value} << 8) | static_cast<std::uint8_t>(route.path_type));
    mix(route.tag);
  } else {
    const auto& lost = std::get<PrefixGone<V2>>(change.change).prefix;
    mix((std::uint64_t{lost.address.value} << 8) | lost.length);
  }
}

void Trace::mix_event(const Event& event) {
  mix(event.index());
  if (const auto* state = std::get_if<NeighborStateChanged>(&event)) {
    mix((std::uint64_t{state->link.value} << 32) | state->router.value);
    mix((static_cast<std::uint64_t>(state->from) << 16) | (static_cast<std::uint64_t>(state->to) << 8) |
        static_cast<std::uint64_t>(state->reason));
  } else if (const auto* origin = std::get_if<LsaOriginated>(&event)) {
    mix((std::uint64_t{origin->header.key.id.value} << 32) |
        static_cast<std::uint32_t>(origin->header.sequence_number));
    mix(origin->header.checksum);
  } else if (const auto* dropped = std::get_if<Dropped>(&event)) {
    mix((std::uint64_t{dropped->link.value} << 32) | dropped->value);
    mix(static_cast<std::uint64_t>(dropped->reason));
  } else if (const auto* routes = std::get_if<RoutesCalculated>(&event)) {
    mix(routes->result.generation.value);
    mix((std::uint64_t{routes->result.vertices_reached} << 32) | routes->result.prefixes_examined);
  }
}

void Trace::output(Instant now, std::uint32_t router, const Output<V2>& output) {
  mix(static_cast<std::uint64_t>(now.time_since_epoch().count()));
  mix((std::uint64_t{router} << 8) | output.index());
  const std::string who = log_ == nullptr ? "" : "r" + std::to_string(router) + " ";
  if (const auto* transmit = std::get_if<Transmit>(&output)) {
    mix_transmit(*transmit);
    if (log_ != nullptr)
      note(now, who + "sends on link " + std::to_string(transmit->link.value) + ": " +
                    describe_packet(*transmit->bytes));
  } else if (const auto* change = std::get_if<RouteChange<V2>>(&output)) {
    mix_change(*change);
    if (log_ != nullptr) note(now, who + describe(*change));
  } else if (const auto* event = std::get_if<Event>(&output)) {
    mix_event(*event);
    if (log_ != nullptr) note(now, who + "* " + describe(*event));
  } else {
    const auto& opaque = std::get<OpaqueReceived>(output);
    mix((std::uint64_t{opaque.router.value} << 32) | opaque_key(opaque.name, opaque.router).id.value);
    mix(opaque.body ? opaque.body->size() : 0xffff);
    if (log_ != nullptr)
      note(now, who + (opaque.body ? "is told of " : "is told no more of ") + "opaque " +
                    std::to_string(opaque.name.type) + "." + std::to_string(opaque.name.id) + " of " +
                    opaque.router.to_string());
  }
}

void Trace::note(Instant now, const std::string& line) {
  if (log_ == nullptr) return;
  const double at = std::chrono::duration<double>(now - origin_).count();
  std::fprintf(log_, "%12.6f %s\n", at, line.c_str());
}

}  // namespace wgospf::sim

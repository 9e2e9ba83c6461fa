#include "tests/sim/hardships.h"

#include <algorithm>
#include <string>

#include "tests/sim/reference.h"

namespace wgospf::sim {

using namespace ospf;

namespace {

constexpr RouterId kIntruder{0x0affffff}, kOpaqueRouter{0x0afffffe};  // beyond those of Topology
constexpr std::uint32_t kPauses = 12, kOpaqueLsas = 10, kOpaqueRounds = 6;

std::string router_name(RouterIndex index) {
  return "r" + std::to_string(index);
}

}  // namespace

void Hardships::add_to(FaultPlan& plan, Duration begin, Duration length) {
  begin_ = begin;
  length_ = length;
  ordinary_ = static_cast<RouterIndex>(network_.routers.size());
  pauses(plan);
  twice_one_id(plan);
  full_database(plan);
  opaque_lsas(plan);
  intruder(plan);
  plan.sort();
}

/// From a hiccup to more than a dead interval; the first router, too.
void Hardships::pauses(FaultPlan& plan) {
  for (std::uint32_t i = 0; i < kPauses; ++i) {
    const RouterIndex router = i == 0 ? 0 : some_router();
    const Duration at = moment(), length = random_.octave_duration(milliseconds{200}, seconds{50});
    plan.add(at, "pause", router_name(router) + " stands still", [=](Network& n) { n.pause(router); });
    plan.add(std::min(at + length, begin_ + 2 * length_), "pause", router_name(router) + " goes on",
             [=](Network& n) { n.resume(router); });
  }
}

/// One on which everything goes to the group.
std::optional<CableIndex> Hardships::some_cable_for_three() {
  const CableIndex first = random_.below(network_.cables.size());
  for (CableIndex i = 0; i < network_.cables.size(); ++i) {
    const auto cable = static_cast<CableIndex>((first + i) % network_.cables.size());
    if (!network_.is_between_peers(cable)) return cable;
  }
  return std::nullopt;
}

/// It comes to a cable, is heard by both ends, and goes without a word.
void Hardships::intruder(FaultPlan& plan) {
  const auto some = some_cable_for_three();
  if (!some) return;
  const CableIndex cable = *some;
  const auto beside = network_.cables[cable].ends[0];
  const Port like = network_.routers[beside.router].ports.at(beside.link);
  const RouterIndex router = network_.add_router(kIntruder);
  DeviceStatus loopback;
  loopback.up = loopback.loopback = true;
  loopback.addresses = {{Ipv4Address{kIntruder.value}, 32}};
  network_.add_port(router, {}, loopback);
  DeviceStatus status = like.status();
  status.addresses.clear();
  status.unnumbered_source = Ipv4Address{kIntruder.value};
  InterfaceConfig config = like.config;
  config.mtu_ignore = true;
  const LinkId link = network_.add_port(router, config, status);
  const Duration at = moment();
  plan.add(at, "intruder", "a third router comes to cable " + std::to_string(cable), [=](Network& n) {
    n.intrude(cable, {router, link, {}});
    n.start(router);
  });
  plan.add(at + random_.duration(seconds{5}, length_ / 2), "intruder", "the third router goes",
           [=](Network& n) {
             n.crash(router);
             n.cables[cable].third.reset();
           });
}

/// A router comes back under the id of another, and later under its own again.
void Hardships::twice_one_id(FaultPlan& plan) {
  const RouterIndex router = some_router();
  RouterIndex other = some_router();
  if (other == router) other = router == 1 ? 2 : router - 1;
  const RouterId own = network_.routers[router].id, taken = network_.routers[other].id;
  const auto come_as = [=](RouterId id) {
    return [=](Network& n) {
      n.crash(router);
      n.once_shared_ids.insert({own, taken});
      n.routers[router].id = id;
      n.start(router);
    };
  };
  const Duration at = moment();
  plan.add(at, "router id", router_name(router) + " takes the id of " + router_name(other), come_as(taken));
  plan.add(at + random_.duration(seconds{5}, length_ / 2), "router id",
           router_name(router) + " has its own id again", come_as(own));
}

/// A router has room for half of what there is, until somebody gives it more.
void Hardships::full_database(FaultPlan& plan) {
  const RouterIndex router = some_router();
  std::size_t all = ordinary_;
  for (const Router& other : network_.routers) all += other.externals.size();
  network_.routers[router].max_lsa = all / 2;
  plan.add(begin_ + length_, "max-lsa", router_name(router) + " gets room for all LSAs", [=](Network& n) {
    n.routers[router].max_lsa = kMaxLsa;
    n.reload(router);
  });
}

void Hardships::opaque_lsas(FaultPlan& plan) {
  for (std::uint32_t round = 0; round < kOpaqueRounds; ++round)
    plan.add(begin_ + round * length_ / kOpaqueRounds, "opaque", "opaque LSAs come",
             [this, round](Network&) { send_opaque(round); });
}

/// A cable whose ends are both there and hear each other.
std::optional<CableIndex> Hardships::some_cable_in_use() {
  const CableIndex first = random_.below(network_.cables.size());
  for (CableIndex i = 0; i < network_.cables.size(); ++i) {
    const auto cable = static_cast<CableIndex>((first + i) % network_.cables.size());
    const auto& ends = network_.cables[cable].ends;
    if (adjacency_exists(network_, cable) && !network_.routers[ends[0].router].is_paused &&
        !network_.routers[ends[1].router].is_paused)
      return cable;
  }
  return std::nullopt;
}

/// The ends of a cable hear each other say LSAs of a router that nobody knows: of each scope, new instances
/// in each round, and in the last one half of them flushed.
void Hardships::send_opaque(std::uint32_t round) {
  const auto cable = some_cable_in_use();
  if (!cable) return;
  std::vector<OutgoingLsa> lsas;
  for (const auto type : {LsaType::opaque_link, LsaType::opaque_area, LsaType::opaque_as}) {
    for (std::uint32_t i = 0; i < kOpaqueLsas; ++i) {
      LsaHeader header;
      header.options = {Options::kExternal};
      header.key = {type, LinkStateId{0xc8000000 + i}, kOpaqueRouter};
      header.sequence_number = kInitialSequenceNumber + static_cast<std::int32_t>(round);
      const v2::OpaqueLsa body{std::vector<std::byte>(8 + 4 * i, static_cast<std::byte>(round))};
      const bool is_flush = round + 1 == kOpaqueRounds && i % 2 == 0;
      lsas.push_back({V2::encode_lsa(header, body), is_flush ? kMaxAge : std::uint16_t{1}});
    }
  }
  for (std::size_t end = 0; end < 2; ++end) {
    const auto& from = network_.cables[*cable].ends[1 - end];
    const Router& sender = network_.routers[from.router];
    const Port& port = sender.ports.at(from.link);
    auto bytes = std::make_shared<const std::vector<std::byte>>(
        V2::encode(sender.id, port.config.area, std::span<const OutgoingLsa>(lsas)));
    network_.deliver(*cable, end, {port.source(), Network::kAllSpfRouters, std::move(bytes)});
  }
}

}  // namespace wgospf::sim

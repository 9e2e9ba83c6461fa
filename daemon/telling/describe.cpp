#include "daemon/telling/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "daemon/telling/drop_words.h"

namespace wgospf::daemon {

namespace {

using namespace ospf;

std::string_view in_words(NeighborEvent event) {
  switch (event) {
    case NeighborEvent::hello_received:
      return "a hello came";
    case NeighborEvent::start:
      return "start";
    case NeighborEvent::two_way_received:
      return "its hello lists this router";
    case NeighborEvent::negotiation_done:
      return "master and slave are agreed";
    case NeighborEvent::exchange_done:
      return "databases are described";
    case NeighborEvent::bad_ls_request:
      return "it asked for an LSA that is not there";
    case NeighborEvent::loading_done:
      return "databases are equal";
    case NeighborEvent::adj_ok:
      return "an adjacency is wanted";
    case NeighborEvent::seq_number_mismatch:
      return "its database description is out of sequence";
    case NeighborEvent::one_way_received:
      return "its hello does not list this router";
    case NeighborEvent::kill_nbr:
      return "another router took its place";
    case NeighborEvent::inactivity_timer:
      return "no hello within the dead interval";
    case NeighborEvent::ll_down:
      return "the link is down";
    case NeighborEvent::exchange_stalled:
      return "what it described does not come";
  }
  return "unknown";
}

/// Of an end of a shared interface that costs less in the neighbour's direction, with the line to write there.
std::string lower_cost(std::uint32_t theirs, std::uint32_t ours) {
  return fmt::format(
      "its end of the link costs {}, this one {}: behind a shared WireGuard interface packets are refused "
      "when the "
      "way back is another; give its end cost {} (FRR, at its interface: ip ospf cost {}; BIRD, in its "
      "interface's "
      "block: cost {};)",
      theirs, ours, ours, ours, ours);
}

/// Why a neighbour ends with its interface.
std::string_view in_words(InterfaceReason reason) {
  switch (reason) {
    case InterfaceReason::link_down:
      return "the link is down";
    case InterfaceReason::no_address:
      return "the interface has no address any more";
    case InterfaceReason::no_socket:
      return "the interface's socket is lost";
    case InterfaceReason::reconfigured:
      return "the interface's configuration changed";
    case InterfaceReason::removed:
      return "the interface was removed from the configuration";
    case InterfaceReason::link_up:
    case InterfaceReason::address_present:
    case InterfaceReason::socket_open:
    case InterfaceReason::configured:
      break;  // none of these ends a neighbour
  }
  return to_string(reason);
}

/// Why a neighbour is given up that may say hello again.
std::string in_words(const DownReason& reason) {
  if (reason.kind == DownReason::Kind::bfd_down) return "its BFD session went down";
  const auto silent = std::chrono::duration<double>(reason.silent_for).count();
  return fmt::format("nothing came from it for {:.2f} s, and {} echoes were not answered", silent,
                     reason.unanswered);
}

/// Why it changed, as far as somebody beside the state machine knows.
std::string in_words(const NeighborStateChanged& change) {
  if (change.down_reason) return in_words(*change.down_reason);
  return std::string(change.interface_reason ? in_words(*change.interface_reason) : in_words(change.reason));
}

/// What happens in the best of networks is not worth a warning.
Severity severity_of(DropReason reason) {
  switch (reason) {
    case DropReason::own_packet:
    case DropReason::unknown_neighbor:
    case DropReason::neighbor_state:
    case DropReason::lsa_min_arrival:
    case DropReason::lsa_older_than_ours:
    case DropReason::lsa_not_in_database_maxage:
    case DropReason::lsa_not_awaited:
    case DropReason::interface_not_running:
    case DropReason::duplicate_router_id:  // DuplicateRouterId tells it
      return Severity::debug;
    case DropReason::another_router:  // a warning when it lasts
    case DropReason::another_address:
    case DropReason::dd_sequence_mismatch:
    case DropReason::bad_ls_request:
      return Severity::info;
    default:
      return Severity::warning;
  }
}

/// What is behind a drop, and its cure.
std::string explain(DropReason reason, std::uint32_t value) {
  const auto words = words_of(reason, value);
  return fmt::format("{}; {}", words.cause, words.cure);
}

/// The first links of a router-LSA, by which a person finds the router.
std::string links_in_words(const Lsa& lsa) {
  constexpr std::size_t kNamed = 4;
  const auto body = V2::decode_body(lsa);
  const auto* router = std::get_if<v2::RouterLsa>(&body);
  std::vector<std::string> names;
  if (router != nullptr) {
    for (const v2::RouterLink& link : router->links) {
      if (names.size() == kNamed) break;
      const bool is_subnet = link.type == v2::RouterLinkType::stub;
      if (is_subnet)
        names.push_back(
            Ipv4Prefix::make({link.link_id}, mask_length(link.link_data).value_or(32)).to_string());
      else
        names.push_back(fmt::format("a link to {}", RouterId{link.link_id}.to_string()));
    }
  }
  return names.empty() ? "no links" : fmt::format("{}", fmt::join(names, ", "));
}

/// What kind of message an event is.
struct KindOfEvent {
  MessageKind operator()(const NeighborStateChanged& e) const {
    const bool lost = e.from == NeighborState::full && e.to < NeighborState::full;
    // Of its own kind, so that of a neighbor that comes and goes not only the losses are told.
    if (e.to == NeighborState::full) return {Severity::info, "neighbor_full", e.link};
    return {lost ? Severity::warning : Severity::info, "neighbor_state_changed", e.link};
  }
  MessageKind operator()(const InterfaceStateChanged& e) const {
    return {Severity::info, "interface_state_changed", e.link};
  }
  MessageKind operator()(const Dropped& e) const { return {severity_of(e.reason), "dropped", e.link}; }
  MessageKind operator()(const DuplicateRouterId& e) const {
    return {Severity::error, "duplicate_router_id", e.link};
  }
  MessageKind operator()(const DuplicateRouterIdInArea&) const {
    return {Severity::error, "duplicate_router_id", {}};
  }
  MessageKind operator()(const SelfOriginatedReceived&) const {
    return {Severity::info, "self_originated_received", {}};
  }
  MessageKind operator()(const OwnLsaFlushedElsewhere&) const {
    return {Severity::warning, "own_lsa_flushed_elsewhere", {}};
  }
  /// Its lasting warning says the rest.
  MessageKind operator()(const DatabaseLimit&) const { return {Severity::debug, "database_limit", {}}; }
  MessageKind operator()(const LsaOriginated&) const { return {Severity::debug, "lsa_originated", {}}; }
  MessageKind operator()(const NoLinkStateId&) const { return {Severity::error, "no_link_state_id", {}}; }
  MessageKind operator()(const RouterLsaFull&) const { return {Severity::error, "router_lsa_full", {}}; }
  MessageKind operator()(const MtuDiffers& e) const { return {Severity::warning, "mtu_differs", e.link}; }
  MessageKind operator()(const NetworkMaskDiffers& e) const {
    return {Severity::warning, "network_mask_differs", e.link};
  }
  MessageKind operator()(const LinkCostDiffers& e) const {
    return {Severity::warning, "link_cost_differs", e.link};
  }
  MessageKind operator()(const RoutesCalculated&) const { return {Severity::debug, "routes_calculated", {}}; }
  MessageKind operator()(const ShutdownComplete&) const { return {Severity::info, "shutdown_complete", {}}; }
  MessageKind operator()(const LsaCorrupted&) const { return {Severity::error, "lsa_corrupted", {}}; }
  MessageKind operator()(const InternalError&) const { return {Severity::error, "internal_error", {}}; }
};

/// The text of an event.
struct EventDescriber {
  const LinkNamer& link_name;

  std::string operator()(const NeighborStateChanged& e) const {
    return fmt::format("neighbor {} on {}: {} -> {} ({}: {})", e.router.to_string(), link_name(e.link),
                       to_string(e.from), to_string(e.to), to_string(e.reason), in_words(e));
  }
  std::string operator()(const InterfaceStateChanged& e) const {
    return fmt::format("interface {}: {} -> {} ({})", link_name(e.link), to_string(e.from), to_string(e.to),
                       to_string(e.reason));
  }
  std::string operator()(const Dropped& e) const {
    return fmt::format("what {} sent on {} was not used: {} ({}){}", to_string(e.source), link_name(e.link),
                       to_string(e.reason), explain(e.reason, e.value),
                       e.untold == 0 ? "" : fmt::format(", and {} more since this was told", e.untold));
  }
  std::string operator()(const DuplicateRouterId& e) const {
    return fmt::format("{} on {} uses this router's own router id; give one of the two another router-id",
                       to_string(e.source), link_name(e.link));
  }
  std::string operator()(const DuplicateRouterIdInArea& e) const {
    return fmt::format(
        "another router of area {} uses this router's own router id; give one of the two another "
        "router-id (that one has {})",
        e.area.to_string(), links_in_words(e.theirs));
  }
  std::string operator()(const SelfOriginatedReceived& e) const {
    return fmt::format("own {} came back with sequence number {:#010x}, newer than ours; it is replaced",
                       describe(e.key), static_cast<std::uint32_t>(e.sequence_number));
  }
  std::string operator()(const OwnLsaFlushedElsewhere& e) const {
    return fmt::format(
        "nobody has this router's {}: a neighbor keeps it as flushed with sequence number {:#010x}; it goes "
        "out "
        "again with a higher one",
        describe(e.key), static_cast<std::uint32_t>(e.sequence_number));
  }
  std::string operator()(const LsaOriginated& e) const {
    return fmt::format("{} {}, sequence number {:#010x}", e.flushed ? "flushed" : "originated",
                       describe(e.header.key), static_cast<std::uint32_t>(e.header.sequence_number));
  }
  std::string operator()(const NoLinkStateId& e) const {
    return fmt::format("{} is not advertised: other prefixes take up every Link State ID in it",
                       to_string(e.prefix));
  }
  std::string operator()(const RouterLsaFull& e) const {
    return fmt::format("the router-LSA of area {} is as large as one can be: {} links are left out of it",
                       e.area.to_string(), e.links_left_out);
  }
  std::string operator()(const MtuDiffers& e) const {
    return fmt::format("neighbor {} on {} has MTU {}, this side {}; set both to the smaller one",
                       e.router.to_string(), link_name(e.link), e.theirs, e.ours);
  }
  std::string operator()(const DatabaseLimit& e) const {
    return fmt::format("the database {}: {} LSAs, {} bytes", e.is_full ? "is full" : "has room again", e.lsas,
                       e.bytes);
  }
  std::string operator()(const NetworkMaskDiffers& e) const {
    return fmt::format(
        "neighbor {} on {} has the subnet as a /{}, this side as a /{}; it is used all the same, set both "
        "alike",
        e.router.to_string(), link_name(e.link), mask_length(e.theirs).value_or(0),
        mask_length(e.ours).value_or(0));
  }
  std::string operator()(const LinkCostDiffers& e) const {
    return fmt::format("neighbor {} on {}: {}", e.router.to_string(), link_name(e.link),
                       lower_cost(e.theirs, e.ours));
  }
  std::string operator()(const RoutesCalculated& e) const {
    static constexpr std::array<std::string_view, 3> kKinds{"nothing to do", "prefixes only", "full"};
    return fmt::format("routes calculated ({}): generation {}, {} vertices, {} prefixes",
                       kKinds[static_cast<std::size_t>(e.result.kind)], e.result.generation.value,
                       e.result.vertices_reached, e.result.prefixes_examined);
  }
  std::string operator()(const ShutdownComplete& e) const {
    return e.acknowledged ? "own LSAs are flushed, all neighbors have acknowledged"
                          : "own LSAs are flushed, not all neighbors have acknowledged in time";
  }
  std::string operator()(const LsaCorrupted& e) const {
    return fmt::format("the stored {} has changed: this machine's memory is unreliable", describe(e.key));
  }
  std::string operator()(const InternalError& e) const {
    return fmt::format("a defect was survived: {}", e.what);
  }
};

std::string describe_members(const std::vector<NextHop>& members, const LinkNamer& link_name) {
  std::string text;
  for (const auto& member : members) {
    if (!text.empty()) text += ", ";
    text += member.gateway ? fmt::format("{} via {}", link_name(member.link), to_string(*member.gateway))
                           : link_name(member.link);
  }
  return text.empty() ? "nowhere" : text;
}

struct ChangeDescriber {
  const LinkNamer& link_name;

  std::string operator()(const SetChanged& c) const {
    return fmt::format("next hops {}: {}", c.set.value, describe_members(c.members, link_name));
  }
  std::string operator()(const SetGone& c) const { return fmt::format("next hops {}: gone", c.set.value); }
  std::string operator()(const PrefixChanged<V2>& c) const {
    return fmt::format("route {}: {}, metric {}, next hops {}", c.route.prefix.to_string(),
                       to_string(c.route.path_type), c.route.metric, c.route.set.value);
  }
  std::string operator()(const PrefixGone<V2>& c) const {
    return fmt::format("route {}: gone", c.prefix.to_string());
  }
};

}  // namespace

std::string_view type_name(LsaType type) {
  switch (type) {
    case LsaType::router:
      return "router-LSA";
    case LsaType::network:
      return "network-LSA";
    case LsaType::summary_network:
      return "summary-LSA (network)";
    case LsaType::summary_asbr:
      return "summary-LSA (ASBR)";
    case LsaType::as_external:
      return "AS-external-LSA";
    case LsaType::group_membership:
      return "group-membership-LSA";
    case LsaType::nssa_external:
      return "NSSA-external-LSA";
    case LsaType::external_attributes:
      return "external-attributes-LSA";
    case LsaType::opaque_link:
      return "opaque-LSA (link)";
    case LsaType::opaque_area:
      return "opaque-LSA (area)";
    case LsaType::opaque_as:
      return "opaque-LSA (AS)";
  }
  return "LSA";
}

std::string describe(const LsaKey& key) {
  return fmt::format("{} {} of {}", type_name(key.type), key.id.to_string(),
                     key.advertising_router.to_string());
}

MessageKind kind_of(const Event& event) {
  return std::visit(KindOfEvent{}, event);
}

MessageKind kind_of(const RouterEvent& event) {
  if (const auto* notice = std::get_if<Notice>(&event.what))
    return {notice->severity, notice->name, notice->link};
  if (const auto* core = std::get_if<Event>(&event.what)) return kind_of(*core);
  if (std::holds_alternative<RouteChange<V2>>(event.what)) return {Severity::debug, "route_changed", {}};
  return {Severity::debug, "kernel_acknowledged", {}};
}

Notice describe(const Event& event, const LinkNamer& link_name) {
  const auto kind = kind_of(event);
  return {kind.severity, std::string(kind.name), std::visit(EventDescriber{link_name}, event), kind.link};
}

Notice describe(const RouteChange<V2>& change, const LinkNamer& link_name) {
  return {Severity::debug, "route_changed", std::visit(ChangeDescriber{link_name}, change.change), {}};
}

std::string describe_problem(const ospf::NeighborInfo& neighbor) {
  using Problem = ospf::NeighborProblem;
  switch (neighbor.problem) {
    case Problem::none:
      return {};
    case Problem::not_heard_by_it:
      return "its hellos do not list this router: it does not hear it, or refuses it; look at its log, at "
             "what "
             "drops protocol 89 on the way there, and over WireGuard whether this router's address is in the "
             "allowed-ips that it has there";
    case Problem::mtu_mismatch:
      return fmt::format("its MTU is {}, this side's {}: set both to the smaller one, or mtu-ignore: true",
                         neighbor.theirs, neighbor.ours);
    case Problem::long_in_exstart:
      return "long in exstart: it does not answer this router's database descriptions; compare the MTU of "
             "both "
             "ends, and whether two routers have one router id";
    case Problem::long_in_exchange:
      return "long in exchange: the databases are still being described; look for loss on the link, and "
             "whether "
             "large packets pass";
    case Problem::long_in_loading:
      return fmt::format(
          "long in loading: {} LSAs that it described have not come; look for loss on the link, and "
          "whether large packets pass",
          neighbor.request_list);
    case Problem::stalled:
      return "the exchange of databases does not go on: what it described does not come, or it does not go "
             "on to "
             "describe; it is broken off and begins anew by itself, later each time; look for loss on the "
             "link, "
             "and whether large packets pass";
    case Problem::network_type:
      return "it runs the link as broadcast and names a designated router: no routes go over it; set its "
             "interface "
             "type to point-to-point";
    case Problem::mtu_differs:
      return fmt::format(
          "its MTU was {} when the databases were exchanged, this side's is {}: it is used all the same, set "
          "both to the smaller one",
          neighbor.theirs, neighbor.ours);
    case Problem::lower_cost:
      return lower_cost(neighbor.theirs, neighbor.ours);
    case Problem::network_mask:
      return fmt::format("its subnet is a /{}, this side's a /{}: it is used all the same, set both alike",
                         mask_length(neighbor.theirs).value_or(0), mask_length(neighbor.ours).value_or(0));
  }
  return {};
}

std::string describe_refused(const ospf::RefusedSender& refused) {
  if (refused.is_beside)
    return "more than one router on a point-to-point link: it says hello beside the neighbor, which is kept";
  return fmt::format("refused: {} ({})", to_string(refused.reason), explain(refused.reason, refused.value));
}

Notice describe(const RouterEvent& event, const LinkNamer& link_name) {
  if (const auto* notice = std::get_if<Notice>(&event.what)) return *notice;
  if (const auto* core = std::get_if<Event>(&event.what)) return describe(*core, link_name);
  if (const auto* change = std::get_if<RouteChange<V2>>(&event.what)) return describe(*change, link_name);
  return {Severity::debug,
          "kernel_acknowledged",
          fmt::format("the kernel has all routes up to generation {}",
                      std::get<KernelReached>(event.what).generation),
          {}};
}

}  // namespace wgospf::daemon

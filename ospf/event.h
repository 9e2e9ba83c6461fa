#pragma once
// What the core tells besides packets and routes: for logs, metrics and Watch streams. Events never decide
// anything in the protocol.

#include <cstdint>
#include <optional>
#include <variant>

#include "ospf/down_reason.h"
#include "ospf/drop_reason.h"
#include "ospf/ip_address.h"
#include "ospf/lsa.h"
#include "ospf/neighbor_state.h"
#include "ospf/route/calculation.h"
#include "ospf/types.h"

namespace wgospf::ospf {

struct NeighborStateChanged {
  LinkId link;
  RouterId router;
  NeighborState from{}, to{};
  NeighborEvent reason{};
  std::optional<InterfaceReason> interface_reason{};  ///< where it ends with its interface
  std::optional<DownReason> down_reason{};            ///< where somebody beside the protocol ended it
};
struct InterfaceStateChanged {
  LinkId link;
  InterfaceState from{}, to{};
  InterfaceReason reason{};
};
/// A packet or LSA of a peer was not used. Counted always; as an event rate-limited per link and reason.
struct Dropped {
  LinkId link;
  DropReason reason{};
  IpAddress source;
  std::uint32_t value = 0;   ///< the offending value, where there is one; of a sender, its router id
  std::uint64_t untold = 0;  ///< so many of the same on the same link since the last such event
};
/// A neighbour on a link uses our router id.
struct DuplicateRouterId {
  LinkId link;
  IpAddress source;
};
/// Another router of the area uses our router id: its router-LSA keeps coming back in place of ours.
struct DuplicateRouterIdInArea {
  AreaId area;
  Lsa theirs;
};
/// A self-originated LSA came back newer than ours (RFC 2328 section 13.4).
struct SelfOriginatedReceived {
  LsaKey key;
  std::int32_t sequence_number = 0;
};
/// Somebody sends an LSA that we want as flushed, and newer than ours: nobody has it until our next instance
/// outdoes that one. Told once for all LSAs, when it has gone on for kFightLasts with one of them, until it
/// has not happened for kFightQuiet.
struct OwnLsaFlushedElsewhere {
  LsaKey key;
  std::int32_t sequence_number = 0;  ///< of the flushed instance
};
struct LsaOriginated {
  LsaHeader header;
  bool flushed = false;
  AreaId area{};  ///< of area scope, and of the link of link scope
};
/// An external prefix is not advertised: others have every Link State ID that it could take (RFC 2328
/// appendix E). Told once; it is advertised as soon as one is free.
struct NoLinkStateId {
  IpPrefix prefix;
};
/// Our router-LSA of an area is as large as one can be, and links are left out of it. Told once.
struct RouterLsaFull {
  AreaId area;
  std::size_t links_left_out = 0;
};
/// The neighbour's MTU is larger than ours or smaller, and it is no reason to refuse it.
struct MtuDiffers {
  LinkId link;
  RouterId router;
  std::uint16_t theirs = 0, ours = 0;
};
/// LSAs of neighbours are refused because the database is as large as max_lsa or max_lsa_bytes allow; or it
/// is a sixteenth below both again.
struct DatabaseLimit {
  bool is_full = false;
  std::size_t lsas = 0, bytes = 0;
};
/// The neighbour on a point-to-point link has another network mask: no reason to refuse it there (RFC 2328
/// section 10.5), but hardly meant.
struct NetworkMaskDiffers {
  LinkId link;
  RouterId router;
  std::uint32_t theirs = 0, ours = 0;
};
/// The link costs less in the neighbour's direction. It is an end of a point-to-multipoint interface, where both
/// directions must cost the same, and does not tell its cost for us to agree on.
struct LinkCostDiffers {
  LinkId link;
  RouterId router;
  std::uint16_t theirs = 0, ours = 0;
};
struct RoutesCalculated {
  CalculationResult result;
};
/// shutdown() is through: every self-originated LSA is flushed and acknowledged, or the time is up.
struct ShutdownComplete {
  bool acknowledged = false;
};
/// A stored LSA's checksum no longer holds: memory was corrupted (RFC 2328 section 14).
struct LsaCorrupted {
  LsaKey key;
};
/// A broken invariant was survived (release builds): the adjacency was reset.
struct InternalError {
  const char* what = "";
};

using Event =
    std::variant<NeighborStateChanged, InterfaceStateChanged, Dropped, DuplicateRouterId,
                 DuplicateRouterIdInArea, SelfOriginatedReceived, OwnLsaFlushedElsewhere, LsaOriginated,
                 NoLinkStateId, RouterLsaFull, MtuDiffers, DatabaseLimit, NetworkMaskDiffers, LinkCostDiffers,
                 RoutesCalculated, ShutdownComplete, LsaCorrupted, InternalError>;

}  // namespace wgospf::ospf

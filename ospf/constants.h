#pragma once
// Architectural constants of RFC 2328 appendix B and the limits this implementation adds. Kept apart: the
// first must never be changed, the second may.

#include <cstddef>
#include <cstdint>

#include "ospf/types.h"

namespace wgospf::ospf {

using std::chrono::milliseconds;
using std::chrono::seconds;

// RFC 2328 appendix B.
inline constexpr Duration kLsRefreshTime = seconds{1800};
inline constexpr Duration kMinLsInterval = seconds{5};
inline constexpr Duration kMinLsArrival = seconds{1};
inline constexpr std::uint16_t kMaxAge = 3600;
inline constexpr std::uint16_t kCheckAge = 300;
inline constexpr std::uint16_t kMaxAgeDiff = 900;
inline constexpr std::uint32_t kLsInfinity = 0xffffff;
inline constexpr std::int32_t kInitialSequenceNumber = -0x7fffffff;  // 0x80000001
inline constexpr std::int32_t kMaxSequenceNumber = 0x7fffffff;

// Limits and choices of this implementation.
/// Packets are built to at most min(interface MTU, this), so that they pass any path a tunnel takes.
inline constexpr std::uint32_t kPacketSizeMax = 1280;
/// Links whose MTU is smaller than this (or unknown) are treated as if it were this; IP fragments the rest.
inline constexpr std::uint32_t kPacketSizeMin = 576;
/// Receiving: this many instances of an LSA are taken within kMinLsArrival before the interval is enforced.
inline constexpr unsigned kArrivalBurst = 3;
/// Sending: spacing of instances that neighbours may reject under their own MinLSArrival.
inline constexpr Duration kOriginationSpacing = milliseconds{1050};
/// So many instances of a burst are at most twice that apart: eight flaps of a prefix are over in 3 s.
inline constexpr unsigned kOriginationBurst = 10;
/// Of so many LSAs of ours that are not wanted (any more) the sequence number is kept: 4 MB.
inline constexpr std::size_t kKeptNumbers = 32'768;
/// That somebody else flushes an LSA of ours is told when it still goes on after this time: a neighbour that
/// kept what was flushed at an orderly end does so for a moment at each restart.
inline constexpr Duration kFightLasts = seconds{1};
/// LSAs of ours that somebody else flushes again and again are told once, until so long nobody does.
inline constexpr Duration kFightQuiet = seconds{60};
/// The first router-LSA waits for the first Full adjacency, or this long.
inline constexpr Duration kFirstOriginationDelay = milliseconds{200};
/// Delayed acknowledgements wait this long for company (section 13.5: less than RxmtInterval).
inline constexpr Duration kDelayedAckInterval = milliseconds{100};
/// A hello out of turn goes to a neighbour not yet 2-Way at most this often on a link.
inline constexpr Duration kTriggeredHelloInterval = milliseconds{200};
/// So many hellos go to the peer behind a link that has not said hello itself, each time that it wakes.
inline constexpr std::uint8_t kHellosAfterWake = 3;
/// Flooding leaves a link in bursts of this many packets, this far apart.
inline constexpr unsigned kFloodBurstPackets = 32;
inline constexpr Duration kFloodBurstInterval = milliseconds{5};
/// Descriptions and requests are answered at once: what is assumed before the first answer, and how much
/// later than usual an answer may come before its question is repeated.
inline constexpr Duration kAnswerTimeFirst = milliseconds{950};
inline constexpr Duration kAnswerSlack = milliseconds{50};
/// The same for acknowledgements, which neighbours delay.
inline constexpr Duration kAckTimeFirst = milliseconds{500};
inline constexpr Duration kAckSlack = milliseconds{200};
/// An LSA that later ones have overtaken is lost when no acknowledgement comes within this time.
inline constexpr Duration kOvertakenDelay = milliseconds{20};
/// An LSA that was sent so often without an acknowledgement is not repeated any sooner because others are.
inline constexpr unsigned kOvertakenMost = 5;
/// So many bytes of LSAs are under way to a neighbour without its acknowledgement: at first, at least, at
/// most.
inline constexpr std::size_t kFloodWindowFirst = kFloodBurstPackets * kPacketSizeMax;
inline constexpr std::size_t kFloodWindowLeast = std::size_t{4} * kPacketSizeMax;
inline constexpr std::size_t kFloodWindowMost = std::size_t{1} << 20;
/// Before anything of a flood is acknowledged it grows by so many bytes a second.
inline constexpr std::size_t kFloodRateBlind = std::size_t{1} << 19;
/// So much later than the first of a flood, acknowledgements tell that it stands in a queue.
inline constexpr Duration kFloodQueueMost = milliseconds{50};
/// More losses than this in a round trip are taken for congestion.
inline constexpr std::size_t kFloodLossPercentMost = 15;
/// An orderly shutdown waits this long for acknowledgements of the flushed LSAs.
inline constexpr Duration kShutdownWait = seconds{1};
/// So many LSAs, and bytes of LSAs, are stored unless configured otherwise: a neighbour must not have all of
/// the memory of a router with 128 MB.
inline constexpr std::size_t kMaxLsa = 128'000;
inline constexpr std::size_t kMaxLsaBytes = 8 << 20;
/// LSAs asked for, of all neighbours together (InstanceConfig::max_requests): 7 MB.
inline constexpr std::size_t kRequestsMost = 65'536;
inline constexpr std::size_t kRequestShare = 128;
/// After Full, and the last request, it shows which of our LSAs the neighbour has flushed.
inline constexpr Duration kOwnLsasDelay = milliseconds{500};
inline constexpr std::size_t kOwnLsasBurst = 512;
/// An LSA that was asked for and came spoilt is asked for again, until so many have come.
inline constexpr unsigned kRequestTries = 5;
/// An exchange in which nothing comes for so many RxmtIntervals is broken off, if its neighbour was asked so
/// often in vain meanwhile; and one that is not through after this time, whatever comes.
inline constexpr unsigned kExchangePatience = 12;
inline constexpr unsigned kAskedInVainMost = 3;
inline constexpr Duration kExchangeMost = seconds{kMaxAge};
/// It begins anew after RxmtInterval, and after twice the time each time that it is broken off again, up to
/// this.
inline constexpr Duration kStallPauseMost = seconds{600};
/// A turn goes on until nothing is left to do, and that is soon: beyond so many rounds it is a defect.
inline constexpr unsigned kTurnRoundsMost = 16;
/// So many router-LSAs of ours that we did not originate, within this time, are of another router: a former
/// run of our own leaves one or two.
inline constexpr unsigned kForeignRouterLsas = 3;
inline constexpr Duration kForeignRouterLsaWindow = seconds{60};
/// Of so many opaque LSAs of one router in one place the driver is told: of the 256 that clients are in, too.
inline constexpr std::size_t kOpaqueToldMost = 288;
/// The same drop on the same link is an event at most this often (it is always counted); longer where any
/// host may cause it.
inline constexpr Duration kDropEventInterval = seconds{10};
inline constexpr Duration kSenderEventInterval = seconds{600};
/// So many senders of hellos that are refused are remembered on a link, for display.
inline constexpr std::size_t kRefusedSendersKept = 4;

}  // namespace wgospf::ospf

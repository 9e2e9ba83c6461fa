#pragma once
// The BFD control packet on the wire (RFC 5880 4.1): bytes to values and back.
//
// The decoder is total: any bytes give a packet or the reason why not, with the offending value. It makes those
// checks of section 6.8.6 that need no session, in their order; whose packet it is, and whether it may be
// authenticated, the table of sessions asks (table.h).

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

namespace wgospf::bfd {

/// What all intervals of BFD are in.
using Microseconds = std::chrono::duration<std::uint32_t, std::micro>;

/// RFC 5880 4.1, Sta.
enum class State : std::uint8_t { admin_down = 0, down = 1, init = 2, up = 3 };
[[nodiscard]] const char* to_string(State state);

/// RFC 5880 4.1, Diag: the reason for the last change of the session's state. Others are kept as they came.
enum class Diagnostic : std::uint8_t {
  none = 0,
  control_detection_time_expired = 1,
  echo_function_failed = 2,
  neighbor_signaled_session_down = 3,
  forwarding_plane_reset = 4,
  path_down = 5,
  concatenated_path_down = 6,
  administratively_down = 7,
  reverse_concatenated_path_down = 8,
};
/// In the RFC's words; "reserved" for codes without one.
[[nodiscard]] const char* to_string(Diagnostic diagnostic);

/// A session's number at one end; 0 is none.
enum class Discriminator : std::uint32_t {};

struct ControlPacket {
  Diagnostic diagnostic = Diagnostic::none;
  State state = State::down;
  bool poll = false;
  bool final = false;
  bool control_plane_independent = false;
  bool authentication_present = false;
  bool demand = false;
  std::uint8_t detect_mult = 0;
  Discriminator my_discriminator{};
  Discriminator your_discriminator{};
  Microseconds desired_min_tx_interval{};
  Microseconds required_min_rx_interval{};
  Microseconds required_min_echo_rx_interval{};
  constexpr bool operator==(const ControlPacket&) const = default;
};

/// Why a packet is discarded: in the order of RFC 5880 6.8.6, after what RFC 5881 5 asks of the IP header.
enum class Discard : std::uint8_t {
  ttl,                    ///< RFC 5881 5: TTL or hop limit is not 255
  too_short,              ///< not even a header
  version,                ///< not 1
  length,                 ///< Length is below the minimum
  length_beyond_payload,  ///< Length is more than what came
  detect_mult,            ///< 0
  multipoint,             ///< M is set
  my_discriminator,       ///< 0
  unknown_discriminator,  ///< Your Discriminator is none of ours
  state_without_session,  ///< Your Discriminator is 0, but State is neither Down nor AdminDown
  no_session,             ///< nobody is expected there
  source,                 ///< our discriminator, but not from the neighbour's address, or not on its link
  authentication,         ///< A is set; no authentication is in use
};
inline constexpr std::size_t kDiscards = 13;
/// A phrase: "TTL is not 255".
[[nodiscard]] const char* to_string(Discard reason);

struct DecodeError {
  Discard reason{};
  std::uint32_t value = 0;  ///< what was found instead
  constexpr bool operator==(const DecodeError&) const = default;
};

inline constexpr std::size_t kControlPacketSize = 24;

/// RFC 5880 6.8.6, from the version to what Your Discriminator 0 allows. Bytes past Length are let alone.
[[nodiscard]] std::variant<ControlPacket, DecodeError> decode(std::span<const std::byte> bytes);
/// Always without an authentication section.
[[nodiscard]] std::array<std::byte, kControlPacketSize> encode(const ControlPacket& packet);

}  // namespace wgospf::bfd

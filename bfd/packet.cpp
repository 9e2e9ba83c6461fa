#include "bfd/packet.h"

#include "ospf/base/bytes.h"

namespace wgospf::bfd {

using ospf::load_u32;
using ospf::load_u8;
using ospf::store_u32;

namespace {

constexpr unsigned kVersion = 1;
/// RFC 5880 6.8.6: with A set, the Authentication Section has a type and a length at least.
constexpr unsigned kAuthenticatedSize = 26;

constexpr unsigned kPoll = 0x20, kFinal = 0x10, kControlPlaneIndependent = 0x08, kAuthentication = 0x04,
                   kDemand = 0x02, kMultipoint = 0x01;

constexpr unsigned bit_if(bool is_set, unsigned bit) {
  return is_set ? bit : 0U;
}

}  // namespace

const char* to_string(State state) {
  switch (state) {
    case State::admin_down:
      return "AdminDown";
    case State::down:
      return "Down";
    case State::init:
      return "Init";
    case State::up:
      return "Up";
  }
  return "?";
}

const char* to_string(Diagnostic diagnostic) {
  switch (diagnostic) {
    case Diagnostic::none:
      return "no diagnostic";
    case Diagnostic::control_detection_time_expired:
      return "control detection time expired";
    case Diagnostic::echo_function_failed:
      return "echo function failed";
    case Diagnostic::neighbor_signaled_session_down:
      return "neighbor signaled session down";
    case Diagnostic::forwarding_plane_reset:
      return "forwarding plane reset";
    case Diagnostic::path_down:
      return "path down";
    case Diagnostic::concatenated_path_down:
      return "concatenated path down";
    case Diagnostic::administratively_down:
      return "administratively down";
    case Diagnostic::reverse_concatenated_path_down:
      return "reverse concatenated path down";
  }
  return "reserved";
}

const char* to_string(Discard reason) {
  switch (reason) {
    case Discard::ttl:
      return "TTL is not 255";
    case Discard::too_short:
      return "shorter than a control packet";
    case Discard::version:
      return "version is not 1";
    case Discard::length:
      return "length is below the minimum";
    case Discard::length_beyond_payload:
      return "length is more than came";
    case Discard::detect_mult:
      return "detect multiplier is 0";
    case Discard::multipoint:
      return "the multipoint bit is set";
    case Discard::my_discriminator:
      return "its discriminator is 0";
    case Discard::unknown_discriminator:
      return "no session has this discriminator";
    case Discard::state_without_session:
      return "it claims a session and names none";
    case Discard::no_session:
      return "no session is wanted with this address";
    case Discard::source:
      return "the session is another neighbor's";
    case Discard::authentication:
      return "it is authenticated, and no authentication is in use";
  }
  return "?";
}

// RFC 5880 4.1:
//
//   +-----+---------+---+-+-+-+-+-+-+---------------+---------------+
//   |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
//   +-----+---------+---+-+-+-+-+-+-+---------------+---------------+
//   |                       My Discriminator                        |
//   |                      Your Discriminator                       |
//   |                    Desired Min TX Interval                    |
//   |                   Required Min RX Interval                    |
//   |                 Required Min Echo RX Interval                 |
//   +---------------------------------------------------------------+
std::variant<ControlPacket, DecodeError> decode(std::span<const std::byte> bytes) {
  const auto error = [](Discard reason, std::size_t value) {
    return DecodeError{reason, static_cast<std::uint32_t>(value)};
  };
  if (bytes.size() < 4) return error(Discard::too_short, bytes.size());
  const unsigned first = load_u8(&bytes[0]);
  const unsigned flags = load_u8(&bytes[1]);
  const unsigned length = load_u8(&bytes[3]);
  if (first >> 5 != kVersion) return error(Discard::version, first >> 5);
  if (length < ((flags & kAuthentication) != 0 ? kAuthenticatedSize : kControlPacketSize))
    return error(Discard::length, length);
  if (length > bytes.size()) return error(Discard::length_beyond_payload, length);

  ControlPacket packet;
  packet.diagnostic = Diagnostic{static_cast<std::uint8_t>(first & 0x1f)};
  packet.state = State{static_cast<std::uint8_t>(flags >> 6)};
  packet.poll = (flags & kPoll) != 0;
  packet.final = (flags & kFinal) != 0;
  packet.control_plane_independent = (flags & kControlPlaneIndependent) != 0;
  packet.authentication_present = (flags & kAuthentication) != 0;
  packet.demand = (flags & kDemand) != 0;
  packet.detect_mult = load_u8(&bytes[2]);
  packet.my_discriminator = Discriminator{load_u32(&bytes[4])};
  packet.your_discriminator = Discriminator{load_u32(&bytes[8])};
  packet.desired_min_tx_interval = Microseconds{load_u32(&bytes[12])};
  packet.required_min_rx_interval = Microseconds{load_u32(&bytes[16])};
  packet.required_min_echo_rx_interval = Microseconds{load_u32(&bytes[20])};

  if (packet.detect_mult == 0) return error(Discard::detect_mult, 0);
  if ((flags & kMultipoint) != 0) return error(Discard::multipoint, 1);
  if (packet.my_discriminator == Discriminator{}) return error(Discard::my_discriminator, 0);
  const bool may_be_first = packet.state == State::down || packet.state == State::admin_down;
  if (packet.your_discriminator == Discriminator{} && !may_be_first)
    return error(Discard::state_without_session, flags >> 6);
  return packet;
}

std::array<std::byte, kControlPacketSize> encode(const ControlPacket& packet) {
  std::array<std::byte, kControlPacketSize> bytes{};
  bytes[0] = static_cast<std::byte>((kVersion << 5) | (static_cast<unsigned>(packet.diagnostic) & 0x1f));
  bytes[1] = static_cast<std::byte>(
      (static_cast<unsigned>(packet.state) << 6) | bit_if(packet.poll, kPoll) | bit_if(packet.final, kFinal) |
      bit_if(packet.control_plane_independent, kControlPlaneIndependent) | bit_if(packet.demand, kDemand));
  bytes[2] = static_cast<std::byte>(packet.detect_mult);
  bytes[3] = static_cast<std::byte>(kControlPacketSize);
  store_u32(&bytes[4], static_cast<std::uint32_t>(packet.my_discriminator));
  store_u32(&bytes[8], static_cast<std::uint32_t>(packet.your_discriminator));
  store_u32(&bytes[12], packet.desired_min_tx_interval.count());
  store_u32(&bytes[16], packet.required_min_rx_interval.count());
  store_u32(&bytes[20], packet.required_min_echo_rx_interval.count());
  return bytes;
}

}  // namespace wgospf::bfd

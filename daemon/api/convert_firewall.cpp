#include "daemon/api/convert.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon::api {
namespace {

v1::OpeningKind opening_kind(firewall::Opening::Kind kind) {
  using Kind = firewall::Opening::Kind;
  switch (kind) {
    case Kind::wireguard:
      return v1::OPENING_KIND_WIREGUARD;
    case Kind::ospf:
      return v1::OPENING_KIND_OSPF;
    case Kind::bfd:
      return v1::OPENING_KIND_BFD;
    case Kind::forwarding:
      return v1::OPENING_KIND_FORWARDING;
  }
  return v1::OPENING_KIND_UNSPECIFIED;
}

v1::OpeningWay opening_way(firewall::Packet::Way way) {
  using Way = firewall::Packet::Way;
  switch (way) {
    case Way::in:
      return v1::OPENING_WAY_IN;
    case Way::through:
      return v1::OPENING_WAY_THROUGH;
    case Way::out:
      return v1::OPENING_WAY_OUT;
  }
  return v1::OPENING_WAY_UNSPECIFIED;
}

v1::OpeningState opening_state(firewall::Opening::State state) {
  using State = firewall::Opening::State;
  switch (state) {
    case State::unknown:
      return v1::OPENING_STATE_UNKNOWN;
    case State::open:
      return v1::OPENING_STATE_OPEN;
    case State::closed:
      return v1::OPENING_STATE_CLOSED;
    case State::closed_to_new:
      return v1::OPENING_STATE_CLOSED_TO_NEW;
  }
  return v1::OPENING_STATE_UNSPECIFIED;
}

}  // namespace

v1::Opening convert(const firewall::Opening& opening) {
  v1::Opening out;
  out.set_kind(opening_kind(opening.kind));
  out.set_way(opening_way(opening.way));
  out.set_tunnel(printable(opening.tunnel));
  out.set_in_interface(printable(opening.in));
  out.set_out_interface(printable(opening.out));
  out.set_udp_port(opening.port);
  out.set_state(opening_state(opening.state));
  out.set_needed_now(opening.is_needed_now);
  out.set_dropped_by(printable(opening.by));
  for (const auto& chain : opening.chains) {
    auto* added = out.add_chains();
    added->set_family(printable(chain.family));
    added->set_table(printable(chain.table));
    added->set_name(printable(chain.name));
  }
  return out;
}

}  // namespace wgospf::daemon::api

#include "daemon/api/bfd.h"

#include "daemon/api/gather.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon::api {
namespace {

v1::BfdState bfd_state(bfd::State state) {
  switch (state) {
    case bfd::State::admin_down:
      return v1::BFD_STATE_ADMIN_DOWN;
    case bfd::State::down:
      return v1::BFD_STATE_DOWN;
    case bfd::State::init:
      return v1::BFD_STATE_INIT;
    case bfd::State::up:
      return v1::BFD_STATE_UP;
  }
  return v1::BFD_STATE_UNSPECIFIED;
}

void convert_session(const BfdSessionView& view, const NameMap& names, ospf::Instant now,
                     v1::BfdSession& out) {
  const bfd::SessionView& session = view.state.session;
  out.set_interface(name_in(names, view.link));
  out.set_neighbor_router_id(view.router.to_string());
  out.set_address(to_string(session.place.neighbor));
  out.set_source_address(to_string(session.source));
  out.set_state(bfd_state(session.state));
  if (session.remote_multiplier != 0) out.set_remote_state(bfd_state(session.remote_state));
  out.set_diagnostic(to_string(session.diagnostic));
  out.set_remote_diagnostic(to_string(session.remote_diagnostic));
  out.set_local_discriminator(static_cast<std::uint32_t>(session.discriminator));
  out.set_remote_discriminator(static_cast<std::uint32_t>(session.remote_discriminator));
  out.set_local_multiplier(session.timers.local_multiplier);
  out.set_remote_multiplier(session.remote_multiplier);
  if (session.transmit_interval) api::convert(*session.transmit_interval, *out.mutable_transmit_interval());
  if (session.detection_time) api::convert(*session.detection_time, *out.mutable_detection_time());
  api::convert(now - session.since, *out.mutable_state_age());
  out.set_received(session.counters.received);
  out.set_sent(session.counters.sent);
  out.set_up_count(session.counters.went_up);
  out.set_down_count(session.counters.went_down);
  out.set_problem(printable(view.state.trouble));
}

}  // namespace

v1::GetBfdResponse convert(const BfdView& view, const NameMap& names, ospf::Instant now) {
  v1::GetBfdResponse out;
  for (const auto& session : view.sessions) convert_session(session, names, now, *out.add_sessions());
  if (!view.engine) return out;
  out.set_real_time(view.engine->is_real_time);
  out.set_scheduling(view.engine->scheduling);
  for (std::size_t i = 0; i < view.engine->discards.size(); ++i) {
    if (view.engine->discards[i] == 0) continue;
    auto* discard = out.add_discards();
    discard->set_reason(to_string(bfd::Discard{static_cast<std::uint8_t>(i)}));
    discard->set_packets(view.engine->discards[i]);
  }
  return out;
}

void add_bfd(const BfdView& view, const ospf::NeighborInfo& neighbor, v1::Neighbor& out) {
  for (const auto& session : view.sessions)
    if (session.link == neighbor.link && session.router == neighbor.router_id)
      out.set_bfd_state(bfd_state(session.state.session.state));
}

UnaryCall<v1::GetBfdResponse>::Write gather_bfd(RouterView& router) {
  return [view = router.bfd(), names = link_names(router, router.protocol().interfaces()),
          now = router.now()](v1::GetBfdResponse& response) {
    response = convert(view, names, now);
    return grpc::Status::OK;
  };
}

}  // namespace wgospf::daemon::api

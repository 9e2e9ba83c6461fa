#include "daemon/clients/clients.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

namespace wgospf::daemon {

namespace {
/// What time alone changes is looked at this often, while there are clients.
constexpr std::chrono::milliseconds kTick{250};
/// The kernel's routes are held against what is wanted this often.
constexpr std::chrono::seconds kAudit{60};
}  // namespace

Clients::Clients(Host& host, ospf::RouterId self, Callbacks callbacks)
    : host_(host),
      callbacks_(std::move(callbacks)),
      table_(self),
      routes_(host.jobs(),
              [this](const std::string& problem) { host_.teller().set_warning("client_routes", problem); }),
      timer_(host.loop()) {
  table_.set_beliefs(callbacks_.beliefs);
}

Clients::~Clients() {
  *alive_ = false;
}

void Clients::set_place(const RibSettings& place) {
  routes_.set_place({place.table, place.metric});
}

// What there is
// ------------------------------------------------------------------------------------------------------

void Clients::follow() {
  if (is_stopped_) return;
  auto places = callbacks_.places();
  if (places.places == places_.places && places.holds == places_.holds) return;
  std::set<std::string> former, names;
  for (const auto& [name, hold] : places_.holds) former.insert(name);
  for (const auto& [name, hold] : places.holds) names.insert(name);
  places_ = std::move(places);
  table_.set_places(places_, now());
  // A device of which nothing is heard because nothing changes has been read all the same.
  for (const auto& name : names)
    if (const auto reading = readings_.find(name); !former.contains(name) && reading != readings_.end())
      read(name, *reading->second);
  if (names != former) host_.devices().read_closely(names);
  arm();
}

void Clients::beliefs_changed() {
  if (!is_stopped_) table_.decide_all(now());
}

void Clients::ways_changed() {
  if (!is_stopped_) table_.decide_ours(now());
}

void Clients::links_changed() {
  if (is_stopped_ || table_.empty()) return;
  want_routes();
  routes_.look_again();
}

void Clients::take(const wg::DeviceRead& reading) {
  if (is_stopped_) return;
  if (reading.device == nullptr) {
    readings_.erase(reading.name);
    if (reading.error.empty()) table_.device_gone(reading.name, now());
  } else if (reading.error.empty()) {
    readings_[reading.name] = reading.device;
    read(reading.name, *reading.device);
  }
}

void Clients::read(const std::string& name, const wg::Device& device) {
  table_.read(name, {now(), std::chrono::system_clock::now(), device.peers});
}

void Clients::take(const ospf::OpaqueReceived& received) {
  const auto& name = received.name;
  if (is_stopped_ || name.scope != ospf::FloodingScope::as || name.type != ospf::kOpaqueType) return;
  std::optional<std::vector<ospf::ClientTlv>> claims;
  if (received.body) {
    auto decoded = ospf::decode_opaque(*received.body);
    if (auto* tlvs = std::get_if<ospf::OpaqueTlvs>(&decoded)) claims = std::move(tlvs->clients);
  }
  table_.claimed(received.router, name.id, claims, now());
}

void Clients::take(const ospf::RouteChange<V2>& change) {
  if (is_stopped_ || places_.places.empty()) return;
  if (const auto* changed = std::get_if<ospf::PrefixChanged<V2>>(&change.change)) {
    const auto& route = changed->route;
    const bool is_external = route.path_type == ospf::PathType::external_1;
    table_.external(route.prefix, is_external && route.tag == ospf::kClientTag, now());
  } else if (const auto* gone = std::get_if<ospf::PrefixGone<V2>>(&change.change)) {
    table_.external(gone->prefix, false, now());
  }
}

// What follows
// ----------------------------------------------------------------------------------------------------

void Clients::pass_on() {
  if (is_stopped_) return;
  for (auto changes = table_.take_changes(); !changes.empty(); changes = table_.take_changes()) {
    // Who is asked by the allowed-ips and the routes is to know first.
    if (changes.is_service_changed) {
      want_routes();
      callbacks_.service_changed();
    }
    if (!changes.claims.set.empty() || !changes.claims.removed.empty()) callbacks_.claim(changes.claims);
    for (const auto& prefix : changes.withdrawn) callbacks_.withdraw(prefix);
    for (const auto& route : changes.announced) callbacks_.announce(route);
    for (auto& text : changes.told) host_.teller().notice(Severity::info, "client_moved", std::move(text));
  }
}

void Clients::want_routes() {
  ClientRouteTable wanted;
  for (const auto& place : places_.places) {
    const auto* served = table_.served(place.key);
    const Link* link = served == nullptr ? nullptr : host_.links().find(served->device);
    for (const auto& address : place.addresses) {
      auto& ifindex = wanted.try_emplace(address).first->second;
      if (link != nullptr && link->flags.up) ifindex = link->ifindex;
    }
  }
  routes_.want(std::move(wanted));
}

void Clients::arm() {
  if (is_waiting_ || is_stopped_ || places_.places.empty()) return;
  is_waiting_ = true;
  timer_.expires_after(kTick);
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    is_waiting_ = false;
    if (is_stopped_) return;
    table_.time_passed(now());
    if (now() - audited_at_ > kAudit) {
      audited_at_ = now();
      routes_.look_again();
    }
    arm();
    callbacks_.turn_end();
  });
}

void Clients::stop(rib::OnStop on_stop) {
  if (std::exchange(is_stopped_, true)) return;
  timer_.cancel();
  if (on_stop == rib::OnStop::remove_routes) routes_.remove_all();
}

}  // namespace wgospf::daemon

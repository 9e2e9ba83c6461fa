#include "daemon/clients/client_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "daemon/telling/words.h"

namespace wgospf::daemon {

namespace {

constexpr std::size_t kKeyShown = 8;

std::uint8_t bucket_of(const wg::Key& key) {
  return key.bytes[0];
}

std::string named(const std::string& name, const wg::Key& key) {
  return name.empty() ? key.to_base64().substr(0, kKeyShown) : name;
}

}  // namespace

ClientTable::Record& ClientTable::record_of(const wg::Key& key) {
  Record& record = records_[key];
  record.key = key;
  return record;
}

const ClientPlace* ClientTable::place_of(const Record& record) const {
  const auto found = record.places.find(record.latest);
  if (found != record.places.end()) return &found->second;
  return record.places.empty() ? nullptr : &record.places.begin()->second;
}

// What there is
// ------------------------------------------------------------------------------------------------------

void ClientTable::set_places(const ClientPlaces& places, Time now) {
  std::map<wg::Key, std::map<std::string, ClientPlace>> wanted;
  std::map<std::string, std::set<wg::Key>> keys;
  for (const auto& place : places.places) {
    keys[place.device].insert(place.key);
    wanted[place.key].insert_or_assign(place.device, place);
  }
  for (auto& [name, device] : devices_)
    if (!keys.contains(name)) device.keys.clear();
  for (const auto& [name, of_device] : keys) {
    const auto hold = places.holds.contains(name) ? places.holds.at(name) : Duration{wg::kSilence};
    Device& device = devices_.try_emplace(name, Device{wg::Presence(hold), {}}).first->second;
    device.presence.set_hold(hold);
    device.keys = of_device;
  }
  say_whether_there_are_any(!places.places.empty());
  std::set<wg::Key> changed;
  for (auto& [key, record] : records_)
    if (!record.places.empty() && !wanted.contains(key)) changed.insert(key);
  for (auto& [key, of_key] : wanted) {
    const auto known = records_.find(key);
    if (known == records_.end() || known->second.places != of_key) changed.insert(key);
  }
  if (changed.empty()) return;
  for (const auto& key : changed) {
    Record& record = record_of(key);
    const auto now_at = wanted.find(key);
    const auto former =
        std::exchange(record.places, now_at == wanted.end() ? decltype(record.places){} : now_at->second);
    for (const auto& [device, place] : former)
      if (!record.places.contains(device)) leave(record, device);
    // One that is recognized now may have been there for long.
    for (const auto& [device, place] : record.places) {
      const auto* seen = devices_.at(device).presence.find(key);
      if (former.contains(device) || seen == nullptr || !seen->is_present) continue;
      record.present.insert(device);
      record.latest = device;
      arrive(record, now);
    }
  }
  by_address_.clear();
  for (const auto& [key, record] : records_)
    for (const auto& [device, place] : record.places)
      for (const auto& address : place.addresses) by_address_.emplace(address, key);
  for (auto& [key, record] : records_)
    std::erase_if(record.implied, [&](const auto& implied) {
      const auto owner = by_address_.find(implied.first);
      return owner == by_address_.end() || owner->second != key;
    });
  changes_.is_service_changed = true;
  for (const auto& key : changed) {
    decide(records_.at(key), now);
    forget_idle(key);
  }
}

void ClientTable::read(const std::string& device, const wg::Presence::Reading& reading) {
  const auto found = devices_.find(device);
  if (found == devices_.end()) return;
  take(device, found->second.presence.take(reading), reading.now);
  for (const auto& key : found->second.keys)
    if (const auto record = records_.find(key); record != records_.end() && record->second.counter)
      join_or_yield(record->second, reading.now);
}

void ClientTable::device_gone(const std::string& device, Time now) {
  const auto found = devices_.find(device);
  if (found != devices_.end()) take(device, found->second.presence.clear(), now);
}

void ClientTable::time_passed(Time now) {
  for (auto& [name, device] : devices_) take(name, device.presence.time_passed(now), now);
  for (const auto& key : std::set<wg::Key>(waiting_)) decide(records_.at(key), now);
}

void ClientTable::take(const std::string& device, const std::vector<wg::PresenceChange>& changes, Time now) {
  using Kind = wg::PresenceChange::Kind;
  for (const auto& change : changes) {
    const auto found = records_.find(change.peer);
    if (found == records_.end() || !found->second.places.contains(device)) continue;
    Record& record = found->second;
    if (change.kind == Kind::left) {
      leave(record, device);
    } else {
      record.present.insert(device);
      record.latest = device;
      if (change.kind == Kind::arrived || (change.kind == Kind::renewed && is_back(record, device)))
        arrive(record, now);
      else if (!record.counter)
        record.counter = 0;
    }
    decide(record, now);
  }
}

/// A handshake that may renew a session is of who has come back, where nothing was heard since the client went
/// elsewhere.
bool ClientTable::is_back(const Record& record, const std::string& device) const {
  const auto* peer = devices_.at(device).presence.find(record.key);
  return record.counter && !record.is_held && !record.is_joined && peer->handshake_at > record.lost_at;
}

/// Above whatever was heard of; beyond what can be counted it stands with the greatest.
void ClientTable::arrive(Record& record, Time now) {
  if (const auto best = best_other(record); best != record.others.end())
    record.highest = std::max(record.highest, best->second.counter);
  record.highest = std::min(record.highest + 1, ospf::kPresenceCounterMost);
  record.counter = record.highest;
  record.is_joined = false;
  record.since = now;
}

void ClientTable::leave(Record& record, const std::string& device) {
  record.present.erase(device);
  if (record.latest == device)
    record.latest = record.present.empty() ? std::string() : *record.present.begin();
  if (record.present.empty()) record.counter.reset();
}

wg::Presence::Time ClientTable::last_seen(const Record& record) const {
  Time last{};
  for (const auto& [device, place] : record.places) {
    const auto* peer = devices_.at(device).presence.find(record.key);
    if (peer != nullptr && peer->was_seen) last = std::max(last, peer->last_seen);
  }
  return last;
}

// What others say
// -------------------------------------------------------------------------------------------------

void ClientTable::claimed(ospf::RouterId router, std::uint32_t opaque_id,
                          const std::optional<std::vector<ospf::ClientTlv>>& claims, Time now) {
  if (router == self_) return;
  auto& said = said_[{router, opaque_id}];
  const auto former = std::exchange(said, {});
  for (const auto& claim : claims.value_or(std::vector<ospf::ClientTlv>{})) {
    const wg::Key key{claim.public_key};
    if (opaque_id - ospf::kOpaqueIdOfClients != bucket_of(key) || !said.insert(key).second) continue;
    Record& record = record_of(key);
    const auto [known, is_new] = record.others.try_emplace(router);
    const bool is_news =
        is_new || known->second.counter != claim.counter || known->second.is_joined != claim.is_joined;
    const Time since = is_news ? now : known->second.since;
    known->second = {claim.counter, claim.cost, claim.is_joined, claim.address, since};
  }
  std::set<wg::Key> touched = former;
  touched.insert(said.begin(), said.end());
  for (const auto& key : touched) {
    Record& record = record_of(key);
    if (!said.contains(key)) record.others.erase(router);
    decide(record, now);
    join_or_yield(record, now);
    forget_idle(key);
  }
  if (said.empty()) said_.erase({router, opaque_id});
}

void ClientTable::external(const Ipv4Prefix& prefix, bool is_there, Time now) {
  const auto key = by_address_.find(prefix.address);
  if (prefix.length != Ipv4Address::kBits || key == by_address_.end()) return;
  Record& record = records_.at(key->second);
  if (!is_there) {
    record.implied.erase(prefix.address);
  } else if (!record.implied.contains(prefix.address)) {
    record.highest = std::min(record.highest + 1, ospf::kPresenceCounterMost);
    record.implied.emplace(prefix.address, Implied{record.highest, now});
  }
  decide(record, now);
}

// Whose it is
// -----------------------------------------------------------------------------------------------------

bool ClientTable::counts(const Record& record, ospf::RouterId router, const Claim& claim) const {
  const auto* place = place_of(record);
  const auto addresses = place == nullptr ? std::vector{claim.address} : place->addresses;
  const bool may_announce =
      !beliefs_.may_announce || std::all_of(addresses.begin(), addresses.end(), [&](const auto& address) {
        return beliefs_.may_announce(router, Ipv4Prefix::host(address), claim.cost);
      });
  if (!may_announce || claim.is_joined || !beliefs_.announces) return may_announce;
  return std::any_of(addresses.begin(), addresses.end(), [&](const auto& address) {
    return beliefs_.announces(router, Ipv4Prefix::host(address));
  });
}

/// LSAs of one router come in any order, and who is believed may change without one.
void ClientTable::note_claims(Record& record) {
  bool is_doubted = false;
  for (const auto& [router, claim] : record.others) {
    const bool is_believed = counts(record, router, claim);
    is_doubted = is_doubted || !is_believed;
    if (is_believed) record.highest = std::max(record.highest, claim.counter);
  }
  if (!record.places.empty() && (is_doubted || !record.implied.empty()))
    waiting_.insert(record.key);
  else
    waiting_.erase(record.key);
}

std::map<ospf::RouterId, ClientTable::Claim>::const_iterator ClientTable::best_other(
    const Record& record) const {
  const auto rank = [](const auto& entry) {
    const Claim& claim = entry->second;
    return std::tuple(claim.counter, -int{claim.cost}, !claim.is_joined, ~entry->first.value);
  };
  auto best = record.others.end();
  for (auto it = record.others.begin(); it != record.others.end(); ++it)
    if (counts(record, it->first, it->second) && (best == record.others.end() || rank(it) > rank(best)))
      best = it;
  return best;
}

bool ClientTable::is_implied_newer(const Record& record, Time now) const {
  if (best_other(record) != record.others.end()) return false;
  return std::any_of(record.implied.begin(), record.implied.end(), [&](const auto& entry) {
    return entry.second.counter > record.counter.value_or(0) && now - entry.second.since >= kClaimPatience;
  });
}

bool ClientTable::is_beaten(const Record& record, Time now) const {
  if (is_implied_newer(record, now)) return true;
  const auto best = best_other(record);
  if (best == record.others.end()) return false;
  const auto* place = place_of(record);
  const Claim& other = best->second;
  return std::tuple(other.counter, -int{other.cost}, !other.is_joined, ~best->first.value) >
         std::tuple(*record.counter, -int{place->cost}, !record.is_joined, ~self_.value);
}

/// A client that is at both.
void ClientTable::join_or_yield(Record& record, Time now) {
  if (!record.counter) return;
  const auto best = best_other(record);
  if (best == record.others.end()) return;
  const Claim& other = best->second;
  const Time heard = last_seen(record);
  const bool is_heard_all_the_same =
      !record.is_held && !record.is_joined && heard > record.lost_at + kJoinsAfter;
  if (is_heard_all_the_same) {
    // Where both have counted alike, and cost the same, nobody knows which came later: who goes on hearing it.
    const bool is_undecided = *record.counter == other.counter &&
                              *record.counter < ospf::kPresenceCounterMost && !other.is_joined &&
                              other.cost == place_of(record)->cost;
    if (is_undecided) {
      arrive(record, now);
    } else if (*record.counter <= other.counter) {
      record.counter = other.counter;
      record.is_joined = true;
    }
    decide(record, now);
  } else if (record.is_held && other.is_joined && other.counter == *record.counter && other.since > heard &&
             now - heard > kQuiet) {
    record.counter = 0;
    record.is_joined = false;
    decide(record, now);
  }
}

void ClientTable::decide_all(Time now) {
  for (auto& [key, record] : records_) decide(record, now);
}

void ClientTable::decide_ours(Time now) {
  for (auto& [key, record] : records_)
    if (!record.places.empty()) decide(record, now);
}

void ClientTable::decide(Record& record, Time now) {
  note_claims(record);
  const bool was_held = std::exchange(record.is_held, record.counter && !is_beaten(record, now));
  if (was_held && !record.is_held) record.lost_at = now;
  if (!was_held && !record.is_held && record.counter && record.lost_at == Time{}) record.lost_at = now;
  if (!record.counter) record.lost_at = Time{};
  const auto best = best_other(record);
  // Alone, it has not joined anybody; and whoever it joined may have been overtaken.
  if (record.is_held && best == record.others.end()) record.is_joined = false;
  if (record.counter && best != record.others.end() && *record.counter < best->second.counter &&
      std::exchange(record.is_joined, false))
    record.lost_at = now;
  const bool is_heard_all_the_same =
      record.counter && record.is_joined && last_seen(record) > record.lost_at + kJoinsAfter;
  const bool is_served = record.is_held || is_heard_all_the_same;
  if (std::exchange(record.is_served, is_served) != is_served) changes_.is_service_changed = true;
  announce(record);
  claim(record);
  tell(record, now);
}

// What follows
// ----------------------------------------------------------------------------------------------------

void ClientTable::announce(Record& record) {
  std::vector<ospf::ExternalRoute> wanted;
  if (const auto* place = place_of(record); record.is_held && place != nullptr)
    for (const auto& address : place->addresses)
      wanted.push_back({Ipv4Prefix::host(address), place->cost, false, ospf::kClientTag, std::nullopt});
  const auto is_in = [](const auto& list, const ospf::ExternalRoute& route) {
    return std::find(list.begin(), list.end(), route) != list.end();
  };
  for (const auto& route : record.announced) {
    const bool stays = std::any_of(wanted.begin(), wanted.end(),
                                   [&](const auto& other) { return other.prefix == route.prefix; });
    if (!stays) changes_.withdrawn.push_back(std::get<Ipv4Prefix>(route.prefix));
  }
  for (const auto& route : wanted) {
    if (is_in(record.announced, route)) continue;
    std::erase(changes_.withdrawn, std::get<Ipv4Prefix>(route.prefix));
    changes_.announced.push_back(route);
  }
  std::erase_if(changes_.announced, [&](const auto& route) {
    const auto& prefix = std::get<Ipv4Prefix>(route.prefix);
    return std::find(changes_.withdrawn.begin(), changes_.withdrawn.end(), prefix) !=
           changes_.withdrawn.end();
  });
  record.announced = std::move(wanted);
}

void ClientTable::claim(Record& record) {
  const bool is_claimed = record.counter && (record.is_held || record.is_joined);
  if (!is_claimed && !record.is_claimed) return;
  record.is_claimed = is_claimed;
  claim_bucket(bucket_of(record.key));
}

void ClientTable::claim_bucket(std::uint8_t bucket) {
  ospf::OpaqueTlvs tlvs;
  wg::Key first;
  first.bytes[0] = bucket;
  for (auto it = records_.lower_bound(first); it != records_.end() && bucket_of(it->first) == bucket; ++it) {
    const auto& [key, record] = *it;
    const auto* place = place_of(record);
    if (!record.is_claimed || !record.counter || place == nullptr) continue;
    tlvs.clients.push_back(
        {key.bytes, *record.counter, place->cost, record.is_joined, place->addresses.front()});
  }
  const ospf::OpaqueName name{
      ospf::FloodingScope::as, {}, {}, ospf::kOpaqueType, ospf::kOpaqueIdOfClients + bucket};
  auto body = tlvs.clients.empty() ? std::vector<std::byte>{} : encode_opaque(tlvs);
  auto& said = claimed_[bucket];
  if (body == said) return;
  said = std::move(body);
  std::erase_if(changes_.claims.set, [&](const auto& contents) { return contents.name == name; });
  std::erase(changes_.claims.removed, name);
  if (said.empty())
    changes_.claims.removed.push_back(name);
  else
    changes_.claims.set.push_back({name, said});
}

/// So that it is an AS boundary router all the time: who becomes one with each client that comes has others wait for
/// its router-LSA each time.
void ClientTable::say_whether_there_are_any(bool are_any) {
  if (std::exchange(has_said_so_, are_any) == are_any) return;
  const ospf::OpaqueName name{
      ospf::FloodingScope::as, {}, {}, ospf::kOpaqueType, ospf::kOpaqueIdOfClients + 256};
  if (are_any)
    changes_.claims.set.push_back({name, ospf::encode_opaque({})});
  else
    changes_.claims.removed.push_back(name);
}

void ClientTable::tell(Record& record, Time now) {
  std::pair<ClientWhere, ospf::RouterId> where{ClientWhere::nowhere, {}};
  if (record.is_held)
    where = {ClientWhere::here, self_};
  else if (const auto best = best_other(record); best != record.others.end())
    where = {ClientWhere::elsewhere, best->first};
  else if (is_implied_newer(record, now) || (!record.implied.empty() && !record.counter))
    where = {ClientWhere::elsewhere, {}};
  if (std::exchange(record.told, where) == where) return;
  record.since = now;
  const auto* place = place_of(record);
  if (place == nullptr) return;
  const std::string who = fmt::format("client {} ({})", printable(named(place->name, record.key)),
                                      place->addresses.front().to_string());
  switch (where.first) {
    case ClientWhere::here:
      return changes_.told.push_back(fmt::format("{} is here, on {}", who, place->device));
    case ClientWhere::elsewhere:
      return changes_.told.push_back(where.second == ospf::RouterId{}
                                         ? fmt::format("{} is at another router", who)
                                         : fmt::format("{} is at router {}", who, where.second.to_string()));
    case ClientWhere::nowhere:
      return changes_.told.push_back(fmt::format("{} is not connected to any router", who));
  }
}

void ClientTable::forget_idle(const wg::Key& key) {
  const auto found = records_.find(key);
  if (found == records_.end()) return;
  const Record& record = found->second;
  if (!record.places.empty() || !record.others.empty() || record.is_claimed) return;
  waiting_.erase(key);
  records_.erase(found);
}

// What is shown
// ---------------------------------------------------------------------------------------------------

const ClientPlace* ClientTable::served(const wg::Key& key) const {
  const auto found = records_.find(key);
  return found == records_.end() || !found->second.is_served ? nullptr : place_of(found->second);
}

bool ClientTable::is_known(const wg::Key& key) const {
  const auto found = records_.find(key);
  return found != records_.end() && !found->second.places.empty();
}

std::vector<ClientView> ClientTable::views() const {
  std::vector<ClientView> views;
  for (const auto& [key, record] : records_) {
    ClientView& view = views.emplace_back();
    view.key = key;
    view.name = key.to_base64().substr(0, kKeyShown);
    if (const auto* place = place_of(record)) {
      view.name = named(place->name, key);
      view.device = place->device;
      view.addresses = place->addresses;
      if (const Time seen = last_seen(record); seen != Time{}) view.last_seen = seen;
    } else if (!record.others.empty()) {
      view.addresses = {record.others.begin()->second.address};
    }
    view.where = record.told.first;
    if (record.told.second != ospf::RouterId{}) view.router = record.told.second;
    if (view.where != ClientWhere::nowhere) view.since = record.since;
    view.is_connected = record.counter.has_value();
  }
  return views;
}

}  // namespace wgospf::daemon

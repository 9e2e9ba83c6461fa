#include "daemon/links/key_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/state_file.h"
#include "daemon/telling/words.h"
#include "wgadapter/allowed_ips.h"

namespace wgospf::daemon {

namespace {

/// So long a neighbor has been Full before its id is learned: who was spoken for has corrected its LSA by then.
constexpr std::chrono::seconds kSettled{5};
/// So long a router's LSA has stood unchanged before it vouches for a further key of the router.
constexpr std::chrono::seconds kStood{30};

/// What is shown of the key of a peer without a name.
constexpr std::size_t kKeyBeginning = 8;

bool is_refused_for_its_id(const ospf::RefusedSender& refused) {
  return refused.reason == ospf::DropReason::other_router_id ||
         refused.reason == ospf::DropReason::claimed_router_id;
}

}  // namespace

void KeyGuard::start(const std::string& state_directory, ospf::RouterId own_id) {
  own_id_ = own_id;
  file_ = state_directory + "/keys";
  const std::string problem =
      take_state_file(file_, [this](std::string_view text) { return book_.take_text(text); });
  if (!problem.empty())
    teller_.notice(Severity::warning, "keys_forgotten",
                   fmt::format("{}; which router id each key speaks for is learned anew", problem));
}

void KeyGuard::set_written(const Config& config) {
  written_of_links_.clear();
  written_of_peers_.clear();
  announces_of_links_.clear();
  announces_of_peers_.clear();
  announces_of_defaults_.clear();
  for (const auto& area : config.areas) {
    for (const auto& interface : area.interfaces) {
      if (interface.peer_router_id) written_of_links_.emplace(interface.name, *interface.peer_router_id);
      if (interface.has_peers)
        announces_of_defaults_.emplace(interface.name, interface.peer_defaults);
      else
        announces_of_links_.emplace(interface.name, interface);
      for (const auto& peer : interface.peers) {
        const auto key = wg::Key::from_base64(peer.public_key);
        if (key && peer.router_id) written_of_peers_.emplace(*key, *peer.router_id);
        if (key) announces_of_peers_.emplace(std::pair(interface.name, *key), peer);
      }
    }
  }
  book_.write_down(written_keys());
}

KeyBook::Keys KeyGuard::written_keys() const {
  KeyBook::Keys keys = written_of_peers_;
  for (const auto& [link, speaker] : speakers_)
    if (const auto found = written_of_links_.find(speaker.name); found != written_of_links_.end())
      keys.emplace(speaker.key, found->second);
  return keys;
}

// Whose key it is
// -----------------------------------------------------------------------------------------

/// Of a device without a link for each peer it is who the neighbor's address belongs to. While there is no neighbor
/// on a device with several peers it is the one that was there last.
std::optional<wg::Key> KeyGuard::key_behind(const WireguardView& view,
                                            const std::optional<Ipv4Address>& neighbor) const {
  if (view.peer) return view.peer;
  if (!view.device) return std::nullopt;
  const auto& peers = view.device->peers;
  if (const auto found = wg::ospf_peer(*view.device, wg::AllowedIpMap(*view.device), neighbor))
    return peers[*found].public_key;
  const auto former = speakers_.find(view.link);
  if (former == speakers_.end() || view.device->find_peer(former->second.key) == nullptr) return std::nullopt;
  return former->second.key;
}

void KeyGuard::note_speakers(const std::vector<WireguardView>& views,
                             const std::vector<ospf::NeighborInfo>& neighbors) {
  std::map<ospf::LinkId, Ipv4Address> addresses;
  for (const auto& neighbor : neighbors) addresses.emplace(neighbor.link, as<Ipv4Address>(neighbor.address));
  std::set<const wg::Device*> with_a_link_each;
  for (const auto& view : views)
    if (view.peer) with_a_link_each.insert(view.device.get());
  std::map<ospf::LinkId, Speaker> speakers;
  for (const auto& view : views) {
    if (!view.peer && with_a_link_each.contains(view.device.get())) continue;  // the interface itself
    const auto address = addresses.find(view.link);
    const auto key = key_behind(
        view, address == addresses.end() ? std::nullopt : std::optional<Ipv4Address>(address->second));
    if (key)
      speakers.emplace(view.link, Speaker{*key, view.name, view.device ? view.device->name : std::string()});
  }
  speakers_ = std::move(speakers);
}

// What is learned of it
// ------------------------------------------------------------------------------------

void KeyGuard::look(const Seen& seen) {
  const auto& [views, interfaces, neighbors] = seen;
  note_speakers(views, neighbors);
  book_.write_down(written_keys());
  std::map<ospf::LinkId, const ospf::InterfaceInfo*> by_link;
  for (const auto& interface : interfaces) by_link.emplace(interface.config.link, &interface);
  // The oldest first: what it says of its neighbor comes before what others say of that.
  std::vector<const ospf::NeighborInfo*> by_age;
  for (const auto& neighbor : neighbors) by_age.push_back(&neighbor);
  std::stable_sort(by_age.begin(), by_age.end(),
                   [](const auto* a, const auto* b) { return a->last_state_change < b->last_state_change; });
  for (const auto* each : by_age) {
    const auto& neighbor = *each;
    const auto speaker = speakers_.find(neighbor.link);
    const auto interface = by_link.find(neighbor.link);
    if (speaker == speakers_.end() || interface == by_link.end()) continue;
    Claim claim{neighbor.router_id, neighbor.address, interface->second->config.area,
                &interface->second->status, std::nullopt};
    if (neighbor.state == ospf::NeighborState::full) claim.full_since = neighbor.last_state_change;
    learn(speaker->second, neighbor.link, claim, neighbors);
  }
  for (const auto& interface : interfaces) {
    const auto speaker = speakers_.find(interface.config.link);
    if (speaker == speakers_.end()) continue;
    for (const auto& refused : interface.refused)
      if (is_refused_for_its_id(refused))
        learn(speaker->second, interface.config.link,
              {refused.router_id, refused.address, interface.config.area, &interface.status, std::nullopt},
              neighbors);
  }
  find_rules(interfaces, neighbors);
  standings_ = std::exchange(looked_at_, {});
  tell_refusals(interfaces);
  if (!is_written_ && !is_writing_) write();
}

void KeyGuard::learn(const Speaker& speaker, ospf::LinkId link, const Claim& claim,
                     const std::vector<ospf::NeighborInfo>& neighbors) {
  const auto verdict = book_.judge(speaker.key, claim.id);
  const bool is_free = verdict.kind == KeyVerdict::Kind::free;
  const bool is_further = verdict.kind == KeyVerdict::Kind::others_keys && !verdict.is_written_down;
  const std::size_t known = is_further ? known_links(claim.id, neighbors) : 0;
  // What stood while corrections could not come does not count.
  if (!is_free && known == 0) return;
  const bool has_stood_long = has_stood(claim);
  const bool is_settled = claim.full_since && sources_.now() - *claim.full_since >= kSettled;
  const std::size_t links = links_to_us(claim);
  if (is_free) {
    if (!is_settled || links == 0) return;
    const std::size_t unknown = unknown_links(claim.id, neighbors);
    if (unknown <= 1 || (has_stood_long && links >= unknown)) learned(speaker, link, claim.id);
    return;
  }
  if (!has_stood_long) return;
  if (has_the_address(claim) || (is_settled && links > known)) learned(speaker, link, claim.id);
}

bool KeyGuard::has_stood(const Claim& claim) {
  const ospf::LsaKey key{ospf::LsaType::router, ospf::LinkStateId{claim.id.value}, claim.id};
  const auto entry = sources_.find_lsa(claim.area, key);
  if (!entry) return false;
  const auto [standing, is_new] = looked_at_.try_emplace(
      claim.id, Standing{entry->header.sequence_number, entry->header.checksum, sources_.now()});
  if (is_new)
    if (const auto former = standings_.find(claim.id);
        former != standings_.end() && former->second.sequence_number == standing->second.sequence_number &&
        former->second.checksum == standing->second.checksum)
      standing->second.since = former->second.since;
  return sources_.now() - standing->second.since >= kStood;
}

std::size_t KeyGuard::unknown_links(ospf::RouterId id,
                                    const std::vector<ospf::NeighborInfo>& neighbors) const {
  return static_cast<std::size_t>(
      std::count_if(neighbors.begin(), neighbors.end(), [&](const auto& neighbor) {
        const auto speaker = speakers_.find(neighbor.link);
        return neighbor.router_id == id && neighbor.state == ospf::NeighborState::full &&
               speaker != speakers_.end() &&
               book_.judge(speaker->second.key, id).kind == KeyVerdict::Kind::free;
      }));
}

std::size_t KeyGuard::known_links(ospf::RouterId id, const std::vector<ospf::NeighborInfo>& neighbors) const {
  return static_cast<std::size_t>(
      std::count_if(neighbors.begin(), neighbors.end(), [&](const auto& neighbor) {
        const auto speaker = speakers_.find(neighbor.link);
        return neighbor.router_id == id && neighbor.state == ospf::NeighborState::full &&
               speaker != speakers_.end() &&
               book_.judge(speaker->second.key, id).kind == KeyVerdict::Kind::known;
      }));
}

void KeyGuard::learned(const Speaker& speaker, ospf::LinkId link, ospf::RouterId id) {
  book_.learn(speaker.key, id);
  is_written_ = false;
  teller_.notice(Severity::info, "key_learned",
                 fmt::format("peer {} of {} speaks for router {} from now on", speaker.key.to_base64(),
                             speaker.name, id.to_string()),
                 link);
}

std::optional<ospf::v2::RouterLsa> KeyGuard::router_lsa(const Claim& claim) const {
  const ospf::LsaKey key{ospf::LsaType::router, ospf::LinkStateId{claim.id.value}, claim.id};
  const auto entry = sources_.find_lsa(claim.area, key);
  if (!entry || entry->header.age >= ospf::kMaxAge) return std::nullopt;
  auto body = V2::decode_body(entry->lsa);
  auto* lsa = std::get_if<ospf::v2::RouterLsa>(&body);
  return lsa == nullptr ? std::nullopt : std::optional(std::move(*lsa));
}

std::size_t KeyGuard::links_to_us(const Claim& claim) const {
  const auto lsa = router_lsa(claim);
  if (!lsa) return 0;
  return static_cast<std::size_t>(std::count_if(lsa->links.begin(), lsa->links.end(), [&](const auto& link) {
    return link.type == ospf::v2::RouterLinkType::point_to_point && link.link_id == own_id_.value;
  }));
}

bool KeyGuard::has_the_address(const Claim& claim) const {
  const auto address = as<Ipv4Address>(claim.address);
  std::optional<Ipv4Prefix> subnet;
  for (const auto& own : claim.status->addresses) {
    const auto prefix = own.prefix<Ipv4Address>();
    if (prefix.contains(address)) subnet = prefix;
  }
  if (!subnet) return false;  // an unnumbered link
  const auto lsa = router_lsa(claim);
  return lsa && std::any_of(lsa->links.begin(), lsa->links.end(), [&](const auto& link) {
           if (link.type != ospf::v2::RouterLinkType::stub) return false;
           const Ipv4Prefix host{address, 32};
           const auto length = mask_length(link.link_data);
           if (!length) return false;
           const auto prefix = Ipv4Prefix::make({link.link_id}, *length);
           // A subnet for many has many hosts: there only the host's own route tells.
           return prefix == host || (prefix == *subnet && subnet->length >= 30);
         });
}

// What follows from it
// -------------------------------------------------------------------------------------

void KeyGuard::complete(ospf::InstanceConfig& config) const {
  using Kind = ospf::AdmittedRouters::Kind;
  config.claimed_router_ids = book_.claimed();
  for (const auto& [name, id] : written_of_links_) config.claimed_router_ids.push_back(id);
  auto& claimed = config.claimed_router_ids;
  std::sort(claimed.begin(), claimed.end());
  claimed.erase(std::unique(claimed.begin(), claimed.end()), claimed.end());
  for (auto& interface : config.interfaces) {
    if (interface.admitted.kind == Kind::none) continue;
    if (const auto written = written_of_links_.find(interface.name); written != written_of_links_.end()) {
      interface.admitted = {Kind::one, written->second};
      continue;
    }
    const auto speaker = speakers_.find(interface.link);
    if (speaker == speakers_.end()) continue;
    const auto known = book_.find(speaker->second.key);
    interface.admitted =
        known ? ospf::AdmittedRouters{Kind::one, known->id} : ospf::AdmittedRouters{Kind::unclaimed, {}};
  }
}

// Of a device with a link for each peer the link's name begins with that of the interface.
const AnnounceSettings* KeyGuard::settings_of(const std::string& name, const Speaker* speaker) const {
  const std::string interface = name.substr(0, name.find('/'));
  const AnnounceSettings* settings = nullptr;
  if (const auto of_link = announces_of_links_.find(name); of_link != announces_of_links_.end()) {
    settings = &of_link->second;
  } else if (const auto of_peer = speaker == nullptr ? announces_of_peers_.end()
                                                     : announces_of_peers_.find({interface, speaker->key});
             of_peer != announces_of_peers_.end()) {
    settings = &of_peer->second;
  } else if (const auto of_all = announces_of_defaults_.find(interface);
             of_all != announces_of_defaults_.end()) {
    settings = &of_all->second;
  }
  return settings == nullptr || settings->is_open() ? nullptr : settings;
}

void KeyGuard::find_rules(const std::vector<ospf::InterfaceInfo>& interfaces,
                          const std::vector<ospf::NeighborInfo>& neighbors) {
  rules_ = {};
  std::map<ospf::LinkId, ospf::RouterId> heard;
  for (const auto& neighbor : neighbors) heard.emplace(neighbor.link, neighbor.router_id);
  for (const auto& interface : interfaces) {
    const auto& config = interface.config;
    const auto found = speakers_.find(config.link);
    const Speaker* speaker = found == speakers_.end() ? nullptr : &found->second;
    std::optional<ospf::RouterId> id;
    if (const auto written = written_of_links_.find(config.name); written != written_of_links_.end())
      id = written->second;
    else if (const auto known = speaker == nullptr ? std::nullopt : book_.find(speaker->key))
      id = known->id;
    else if (const auto now = heard.find(config.link); now != heard.end())
      id = now->second;
    if (id) add_address(interface, *id);
    const AnnounceSettings* settings = settings_of(config.name, speaker);
    if (settings == nullptr) continue;
    const AnnounceRules::Policy policy{speaker == nullptr ? config.name : speaker->name,
                                       settings->announces.value_or(AnnouncePolicy{}),
                                       settings->is_transit()};
    rules_.of_links.emplace(config.link, AnnounceRules::Door{policy, id});
    if (id) rules_.of_routers.emplace(*id, policy);
  }
  add_policies_of_absent();
}

/// A policy binds its router by whatever way its LSAs come: also while its peer is not there, or is no link.
void KeyGuard::add_policies_of_absent() {
  std::set<std::pair<std::string, wg::Key>> there;
  for (const auto& [link, speaker] : speakers_)
    there.emplace(speaker.name.substr(0, speaker.name.find('/')), speaker.key);
  for (const auto& [named, settings] : announces_of_peers_) {
    const auto& [interface, key] = named;
    const auto known = book_.find(key);
    if (!known || settings.is_open() || there.contains(named)) continue;
    const std::string name = settings.name.empty() ? key.to_base64().substr(0, kKeyBeginning) : settings.name;
    rules_.of_routers.emplace(known->id, AnnounceRules::Policy{fmt::format("{}/{}", interface, name),
                                                               settings.announces.value_or(AnnouncePolicy{}),
                                                               settings.is_transit()});
  }
}

/// Where each peer is a link of its own, its address is what it is told apart by.
void KeyGuard::add_address(const ospf::InterfaceInfo& interface, ospf::RouterId router) {
  const auto& address = interface.config.peer_address;
  if (!address) return;
  AnnounceRules::PeerAddress peer{router, interface.config.name, Ipv4Prefix::host(as<Ipv4Address>(*address))};
  for (const auto& own : interface.status.addresses) {
    if (!std::holds_alternative<Ipv4Address>(own.address)) continue;
    const auto subnet = own.prefix<Ipv4Address>();
    if (subnet.contains(as<Ipv4Address>(*address))) peer.subnet = subnet;
  }
  if (const auto speaker = speakers_.find(interface.config.link); speaker != speakers_.end())
    peer.whose = speaker->second.name;
  rules_.of_addresses.emplace(as<Ipv4Address>(*address), std::move(peer));
}

void KeyGuard::tell_refusals(const std::vector<ospf::InterfaceInfo>& interfaces) {
  std::set<std::string> told;
  for (const auto& interface : interfaces) {
    const auto speaker = speakers_.find(interface.config.link);
    if (speaker == speakers_.end()) continue;
    std::vector<std::string> reasons;
    for (const auto& refused : interface.refused)
      if (auto reason = reason_of(book_.judge(speaker->second.key, refused.router_id), speaker->second.name,
                                  refused.router_id);
          is_refused_for_its_id(refused) && !reason.empty())
        reasons.push_back(std::move(reason));
    if (reasons.empty()) continue;
    teller_.set_warning("key_refused/" + speaker->second.name, join_few(reasons, "; "),
                        interface.config.link);
    told.insert(speaker->second.name);
  }
  for (const auto& name : told_)
    if (!told.contains(name)) teller_.set_warning("key_refused/" + name, {});
  told_ = std::move(told);
}

void KeyGuard::write() {
  is_writing_ = true;
  is_written_ = true;
  auto result = std::make_shared<Result<void>>();
  jobs_.run([file = file_, text = book_.to_text(), result] { *result = write_state_file(file, text); },
            [this, result, alive = alive_] {
              if (!*alive) return;
              is_writing_ = false;
              is_written_ = is_written_ && *result;
              teller_.set_warning(
                  "keys_file",
                  *result ? std::string()
                          : fmt::format("{}; which router id each key speaks for is not kept for the "
                                        "next run",
                                        result->error().text));
            });
}

// What is asked
// --------------------------------------------------------------------------------------------

Result<ForgottenKey> KeyGuard::forget(const std::string& key_or_name) {
  std::set<wg::Key> found;
  if (const auto key = wg::Key::from_base64(key_or_name)) found.insert(*key);
  for (const auto& [link, speaker] : speakers_) {
    const auto slash = speaker.name.find('/');
    const bool is_named = speaker.name == key_or_name ||
                          (slash != std::string::npos && speaker.name.substr(slash + 1) == key_or_name);
    if (is_named) found.insert(speaker.key);
  }
  // As tables shorten it.
  if (found.empty() && key_or_name.size() >= 8)
    for (const auto& [key, id] : book_.learned())
      if (key.to_base64().starts_with(key_or_name)) found.insert(key);
  const std::string shown = shortened(key_or_name);
  if (found.empty())
    return Error{ErrorCode::not_found,
                 fmt::format("no peer is called \"{}\", and no key that is known begins so", shown)};
  if (found.size() > 1)
    return Error{ErrorCode::malformed, fmt::format("several peers are called \"{}\"; name the key", shown)};
  const wg::Key key = *found.begin();
  const auto learned = book_.learned().find(key);
  if (learned == book_.learned().end()) {
    const auto known = book_.find(key);
    return known ? Error{ErrorCode::malformed,
                         fmt::format("the configuration says that {} is router {}; change it there",
                                     key.to_base64(), known->id.to_string())}
                 : Error{ErrorCode::not_found, fmt::format("nothing was learned of {}", key.to_base64())};
  }
  const ForgottenKey forgotten{key, learned->second};
  book_.forget(key);
  is_written_ = false;
  teller_.notice(Severity::info, "key_forgotten",
                 fmt::format("peer {} was known as router {}; that is forgotten", key.to_base64(),
                             forgotten.router_id.to_string()));
  return forgotten;
}

void KeyGuard::add_to(PeerNotes& notes) const {
  for (const auto& [link, speaker] : speakers_) {
    const auto known = book_.find(speaker.key);
    if (!known) continue;
    auto& note = notes[{speaker.device, speaker.key}];
    note.speaks_for = known->id.to_string();
    note.is_written_down = known->is_written_down;
  }
}

}  // namespace wgospf::daemon

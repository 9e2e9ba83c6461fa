#include "net/link_table.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace wgospf {
namespace {

/// The same address as the kernel counts them: flags and scope may change over its life.
bool same_identity(const LinkAddress& a, const LinkAddress& b) {
  return a.address == b.address && a.prefix_length == b.prefix_length && a.peer == b.peer;
}

std::vector<LinkAddress> sorted(std::vector<LinkAddress> addresses) {
  std::sort(addresses.begin(), addresses.end(), [](const LinkAddress& x, const LinkAddress& y) {
    return std::tie(x.address, x.prefix_length, x.peer) < std::tie(y.address, y.prefix_length, y.peer);
  });
  return addresses;
}

bool same_but_for_order(Link a, Link b) {
  a.addresses = sorted(std::move(a.addresses));
  b.addresses = sorted(std::move(b.addresses));
  return a == b;
}

/// What `all` has that `others` lacks.
std::vector<LinkAddress> missing_from(const std::vector<LinkAddress>& others,
                                      const std::vector<LinkAddress>& all) {
  std::vector<LinkAddress> result;
  std::copy_if(all.begin(), all.end(), std::back_inserter(result), [&others](const LinkAddress& address) {
    return std::find(others.begin(), others.end(), address) == others.end();
  });
  return result;
}

LinkEvent removal(Link link) {
  LinkEvent event{LinkEvent::Kind::removed, std::move(link)};
  event.went = event.link.addresses;
  return event;
}

/// The old name and the new one; the addresses stay.
LinkEvents renaming(const Link& from, const Link& to) {
  LinkEvent removed{LinkEvent::Kind::removed, from};
  removed.is_renamed = true;
  return {std::move(removed), LinkEvent{LinkEvent::Kind::added, to}};
}

LinkEvent difference(const Link& from, const Link& to, LinkEvent::Kind kind) {
  LinkEvent event{kind, to};
  event.came = missing_from(from.addresses, to.addresses);
  event.went = missing_from(to.addresses, from.addresses);
  return event;
}

}  // namespace

IpPrefix subnet_of(const LinkAddress& address) {
  return std::visit(
      [&](auto value) -> IpPrefix { return Prefix<decltype(value)>::make(value, address.prefix_length); },
      address.peer.value_or(address.address));
}

bool Link::is_named(const std::string& text) const {
  return name == text || std::find(altnames.begin(), altnames.end(), text) != altnames.end();
}

const Link* find_link(const Inventory& inventory, std::uint32_t ifindex) {
  const auto found = inventory.find(ifindex);
  return found == inventory.end() ? nullptr : &found->second;
}

const Link* find_link(const Inventory& inventory, const std::string& name) {
  const auto found = std::find_if(inventory.begin(), inventory.end(),
                                  [&](const auto& entry) { return entry.second.is_named(name); });
  return found == inventory.end() ? nullptr : &found->second;
}

void follow(const LinkEvents& events, Inventory& inventory) {
  for (const LinkEvent& event : events) {
    if (event.kind == LinkEvent::Kind::removed) {
      inventory.erase(event.link.ifindex);
    } else {
      inventory[event.link.ifindex] = event.link;
    }
  }
}

LinkEvents LinkTable::apply(const InventoryMessage& message) {
  if (const auto* link = std::get_if<LinkMessage>(&message)) return apply_link(*link);
  if (const auto* address = std::get_if<AddressMessage>(&message)) return apply_address(*address);
  return {};
}

LinkEvents LinkTable::apply_link(const LinkMessage& message) {
  const auto found = links_.find(message.link.ifindex);
  if (message.presence == Presence::gone) {
    if (found == links_.end()) return {};
    LinkEvents events{removal(std::move(found->second))};
    links_.erase(found);
    return events;
  }
  if (message.partial) return {};
  if (found == links_.end()) {
    links_.emplace(message.link.ifindex, message.link);
    return {LinkEvent{LinkEvent::Kind::added, message.link}};
  }
  Link now = message.link;
  now.addresses = found->second.addresses;
  if (now == found->second) return {};
  LinkEvents events = now.name != found->second.name ? renaming(found->second, now)
                                                     : LinkEvents{{LinkEvent::Kind::changed, now}};
  found->second = std::move(now);
  return events;
}

LinkEvents LinkTable::apply_address(const AddressMessage& message) {
  const auto found = links_.find(message.ifindex);
  if (found == links_.end()) return {};
  LinkEvent event;
  std::vector<LinkAddress>& list = found->second.addresses;
  const auto known = std::find_if(list.begin(), list.end(), [&](const LinkAddress& address) {
    return same_identity(address, message.address);
  });
  if (message.presence == Presence::gone) {
    if (known == list.end()) return {};
    event.went.push_back(*known);
    list.erase(known);
  } else if (known != list.end()) {
    if (*known == message.address) return {};
    event.came.push_back(message.address);
    *known = message.address;
  } else {
    const bool v4 = std::holds_alternative<Ipv4Address>(message.address.address);
    const auto first_v6 = std::find_if(list.begin(), list.end(), [](const LinkAddress& address) {
      return std::holds_alternative<Ipv6Address>(address.address);
    });
    event.came.push_back(message.address);
    list.insert(v4 ? first_v6 : list.end(), message.address);
  }
  event.link = found->second;
  return {std::move(event)};
}

LinkEvents LinkTable::replace(Inventory links) {
  LinkEvents events;
  for (const auto& [ifindex, old] : links_) {
    const auto now = links.find(ifindex);
    if (now != links.end() && now->second.name == old.name) continue;
    events.push_back(removal(old));
    events.back().is_renamed = now != links.end();
  }
  for (const auto& [ifindex, now] : links) {
    const auto old = links_.find(ifindex);
    if (old == links_.end() || old->second.name != now.name)
      events.push_back(difference({}, now, LinkEvent::Kind::added));
    else if (!same_but_for_order(old->second, now))
      events.push_back(difference(old->second, now, LinkEvent::Kind::changed));
  }
  links_ = std::move(links);
  return events;
}

}  // namespace wgospf

#include "cli/filters.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "cli/json.h"

namespace wgospf::cli {
namespace {

/// Leaves those that `matches`, in their order.
template <class List, class Matches>
void keep(List& list, Matches matches) {
  list.erase(std::remove_if(list.begin(), list.end(), [&](const auto& entry) { return !matches(entry); }),
             list.end());
}

bool interface_matches(const Options& options, const std::string& link) {
  return options.interface.empty() || is_on(link, options.interface);
}

bool type_matches(const std::string& asked, const std::string& type) {
  return asked.empty() || asked == type;
}

/// Whether one of the texts is what is asked for.
bool neighbor_matches(const Options& options, std::initializer_list<std::string_view> texts) {
  return options.neighbor.empty() || std::find(texts.begin(), texts.end(), options.neighbor) != texts.end();
}

/// Whether one of the prefixes or addresses has to do with the one that is asked for.
template <class Texts>
bool prefix_matches(const Options& options, const Texts& texts) {
  if (options.prefix.empty()) return true;
  const auto asked = Range::parse(options.prefix);
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
    const auto range = Range::parse(text);
    return asked && range && asked->overlaps(*range);
  });
}

}  // namespace

std::optional<Range> Range::parse(const std::string& text) {
  const auto slash = text.find('/');
  const auto address = text.substr(0, slash);
  Range range;
  range.family_ = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  if (inet_pton(range.family_, address.c_str(), range.bytes_.data()) != 1) return std::nullopt;
  const unsigned longest = range.family_ == AF_INET ? 32 : 128;
  range.length_ = longest;
  if (slash == std::string::npos) return range;
  const char *begin = text.data() + slash + 1, *end = text.data() + text.size();
  const auto parsed = std::from_chars(begin, end, range.length_);
  if (parsed.ec != std::errc{} || parsed.ptr != end || range.length_ > longest) return std::nullopt;
  return range;
}

bool Range::overlaps(const Range& other) const {
  if (family_ != other.family_) return false;
  const unsigned common = std::min(length_, other.length_);
  for (unsigned bit = 0; bit < common; ++bit) {
    const auto byte = bit / 8;
    const auto mask = 0x80U >> (bit % 8);
    if (((bytes_[byte] ^ other.bytes_[byte]) & mask) != 0) return false;
  }
  return true;
}

bool is_on(const std::string& link, const std::string& interface) {
  return link == interface || (link.starts_with(interface) && link[interface.size()] == '/');
}

void keep_matching(const Options& options, v1::ListInterfacesResponse& list) {
  keep(*list.mutable_interfaces(), [&](const v1::Interface& interface) {
    return interface_matches(options, interface.name()) &&
           type_matches(options.type, enum_text(interface.interface_type())) &&
           prefix_matches(options, interface.addresses());
  });
}

void keep_matching(const Options& options, v1::ListNeighborsResponse& list) {
  keep(*list.mutable_neighbors(), [&](const v1::Neighbor& neighbor) {
    return interface_matches(options, neighbor.interface()) &&
           neighbor_matches(options, {neighbor.neighbor_router_id(), neighbor.address()}) &&
           type_matches(options.state, enum_text(neighbor.state())) &&
           prefix_matches(options, std::array{neighbor.address()});
  });
}

void keep_matching(const Options& options, v1::ListPeersResponse& list) {
  keep(*list.mutable_peers(), [&](const v1::Peer& peer) {
    return interface_matches(options, peer.interface()) &&
           neighbor_matches(options, {peer.neighbor_router_id(), peer.name(), peer.public_key()}) &&
           type_matches(options.type, enum_text(peer.role())) && prefix_matches(options, peer.allowed_ips());
  });
  keep(*list.mutable_devices(),
       [&](const v1::WireguardDevice& device) { return interface_matches(options, device.interface()); });
}

void keep_matching(const Options& options, v1::ListClientsResponse& list) {
  keep(*list.mutable_clients(), [&](const v1::Client& client) {
    return interface_matches(options, client.interface()) &&
           neighbor_matches(options, {client.router_id(), client.name(), client.public_key()}) &&
           prefix_matches(options, client.addresses());
  });
}

void keep_matching(const Options& options, v1::GetBfdResponse& list) {
  keep(*list.mutable_sessions(), [&](const v1::BfdSession& session) {
    return interface_matches(options, session.interface()) &&
           neighbor_matches(options, {session.neighbor_router_id(), session.address()});
  });
}

void keep_matching(const Options& options, v1::GetUnderlayResponse& list) {
  keep(*list.mutable_endpoints(), [&](const v1::UnderlayEndpoint& endpoint) {
    return interface_matches(options, endpoint.interface());
  });
  keep(*list.mutable_marks(),
       [&](const v1::UnderlayMark& mark) { return interface_matches(options, mark.interface()); });
}

void keep_matching(const Options& options, v1::GetFirewallResponse& list) {
  keep(*list.mutable_openings(), [&](const v1::Opening& opening) {
    return options.interface.empty() || opening.tunnel() == options.interface ||
           opening.in_interface() == options.interface || opening.out_interface() == options.interface;
  });
}

}  // namespace wgospf::cli

// The link-state database as messages.
#include <algorithm>
#include <utility>

#include "daemon/api/convert.h"

namespace wgospf::daemon::api {
namespace {

using ospf::Options;

std::string quad(std::uint32_t value) {
  return Ipv4Address{value}.to_string();
}

v1::FloodingScope flooding_scope(ospf::FloodingScope scope) {
  switch (scope) {
    case ospf::FloodingScope::link:
      return v1::FLOODING_SCOPE_LINK;
    case ospf::FloodingScope::area:
      return v1::FLOODING_SCOPE_AREA;
    case ospf::FloodingScope::as:
      return v1::FLOODING_SCOPE_AS;
    case ospf::FloodingScope::unknown:
      break;
  }
  return v1::FLOODING_SCOPE_UNSPECIFIED;
}

v1::RouterLinkType link_type(ospf::v2::RouterLinkType type) {
  switch (type) {
    case ospf::v2::RouterLinkType::point_to_point:
      return v1::ROUTER_LINK_TYPE_POINT_TO_POINT;
    case ospf::v2::RouterLinkType::transit:
      return v1::ROUTER_LINK_TYPE_TRANSIT;
    case ospf::v2::RouterLinkType::stub:
      return v1::ROUTER_LINK_TYPE_STUB;
    case ospf::v2::RouterLinkType::virtual_link:
      return v1::ROUTER_LINK_TYPE_VIRTUAL_LINK;
  }
  return v1::ROUTER_LINK_TYPE_UNSPECIFIED;
}

/// Writes the body of an LSA into the message, each kind into its own field.
struct BodyWriter {
  v1::Lsa& out;
  const ospf::LsaKey& key;

  void operator()(const ospf::v2::RouterLsa& body) const {
    auto* router = out.mutable_router();
    for (const auto& [bit, letter] :
         {std::pair{ospf::v2::RouterLsa::kBorder, 'B'}, std::pair{ospf::v2::RouterLsa::kExternal, 'E'},
          std::pair{ospf::v2::RouterLsa::kVirtual, 'V'}}) {
      if (body.flags & bit) router->mutable_flags()->Add(std::string(1, letter));
    }
    for (const auto& link : body.links) {
      auto* added = router->add_links();
      added->set_type(link_type(link.type));
      added->set_link_id(quad(link.link_id));
      added->set_link_data(quad(link.link_data));
      added->set_metric(link.metric);
    }
  }
  void operator()(const ospf::v2::NetworkLsa& body) const {
    auto* network = out.mutable_network();
    network->set_network_mask(quad(body.mask));
    for (const auto router : body.attached) network->add_attached_routers(router.to_string());
  }
  void operator()(const ospf::v2::SummaryLsa& body) const {
    auto* summary = out.mutable_summary();
    summary->set_network_mask(quad(body.mask));
    summary->set_metric(body.metric);
  }
  void operator()(const ospf::v2::ExternalLsa& body) const {
    auto* external = out.mutable_external();
    external->set_network_mask(quad(body.mask));
    external->set_metric_type(body.type2 ? 2 : 1);
    external->set_metric(body.metric);
    external->set_forwarding_address(body.forwarding_address.to_string());
    external->set_external_route_tag(body.tag);
  }
  /// RFC 5250 appendix A.2: the first octet of the Link State ID is the opaque type.
  void operator()(const ospf::v2::OpaqueLsa& body) const {
    auto* opaque = out.mutable_opaque();
    if (is_opaque(key.type)) {
      opaque->set_opaque_type(key.id.value >> 24);
      opaque->set_opaque_id(key.id.value & 0xffffff);
    }
    opaque->mutable_data()->assign(reinterpret_cast<const char*>(body.data.data()), body.data.size());
  }
};

}  // namespace

v1::LsaType convert(ospf::LsaType type) {
  using ospf::LsaType;
  switch (type) {
    case LsaType::router:
      return v1::LSA_TYPE_ROUTER;
    case LsaType::network:
      return v1::LSA_TYPE_NETWORK;
    case LsaType::summary_network:
      return v1::LSA_TYPE_SUMMARY_NETWORK;
    case LsaType::summary_asbr:
      return v1::LSA_TYPE_SUMMARY_ASBR;
    case LsaType::as_external:
      return v1::LSA_TYPE_AS_EXTERNAL;
    case LsaType::nssa_external:
      return v1::LSA_TYPE_NSSA_EXTERNAL;
    case LsaType::opaque_link:
      return v1::LSA_TYPE_OPAQUE_LINK;
    case LsaType::opaque_area:
      return v1::LSA_TYPE_OPAQUE_AREA;
    case LsaType::opaque_as:
      return v1::LSA_TYPE_OPAQUE_AS;
    case LsaType::group_membership:
    case LsaType::external_attributes:
      break;
  }
  return v1::LSA_TYPE_UNKNOWN;
}

std::vector<std::string> option_names(Options options) {
  std::vector<std::string> names;
  for (const auto& [bit, name] : {std::pair{Options::kExternal, "E"}, std::pair{Options::kMulticast, "MC"},
                                  std::pair{Options::kNssa, "N/P"}, std::pair{Options::kLls, "L"},
                                  std::pair{Options::kDemand, "DC"}, std::pair{Options::kOpaque, "O"}}) {
    if (options.has(bit)) names.emplace_back(name);
  }
  return names;
}

v1::Lsa convert(const ospf::DatabaseEntry& entry, const NameMap& names, bool headers_only) {
  const ospf::LsaHeader& header = entry.header;
  v1::Lsa out;
  out.set_scope(flooding_scope(entry.scope));
  if (entry.scope != ospf::FloodingScope::as) out.set_area_id(entry.area.to_string());
  if (entry.scope == ospf::FloodingScope::link) out.set_interface(name_in(names, entry.link));
  out.set_type(convert(header.key.type));
  out.set_type_code(ospf::v2::wire_type(header.key.type));
  out.set_lsa_id(header.key.id.to_string());
  out.set_adv_router(header.key.advertising_router.to_string());
  out.set_adv_router_hostname(hostname_in(names, header.key.advertising_router));
  out.set_age(header.age);
  out.set_seq_num(header.sequence_number);
  out.set_checksum(header.checksum);
  out.set_length(header.length);
  for (const auto& name : option_names({header.options.bits})) out.add_options(name);
  out.set_self_originated(entry.self_originated);
  if (!headers_only) std::visit(BodyWriter{out, header.key}, V2::decode_body(entry.lsa));
  return out;
}

}  // namespace wgospf::daemon::api

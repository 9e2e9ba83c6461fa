#include "rib/operation.h"

namespace wgospf::rib {

namespace {

// Without the ids of objects: they change with every attempt, and a text is told anew when it changes.

std::string route_text(const IpPrefix& prefix, const std::optional<IpAddress>& source) {
  return "route " + to_string(prefix) + (source ? " with source " + to_string(*source) : "");
}

std::string members_text(const std::vector<GroupMember>& members) {
  return std::to_string(members.size()) + (members.size() == 1 ? " next hop" : " next hops");
}

struct Describe {
  std::string operator()(const AddNexthop& o) const { return "add " + to_string(Subject(o.key)); }
  std::string operator()(const AddGroup& o) const { return "add a group of " + members_text(o.members); }
  std::string operator()(const ReplaceGroup& o) const {
    return "make a group one of " + members_text(o.members);
  }
  std::string operator()(const AddRoute& o) const { return "add " + route_text(o.prefix, o.source); }
  std::string operator()(const ReplaceRoute& o) const { return "replace " + route_text(o.prefix, o.source); }
  std::string operator()(const DeleteRoute& o) const { return "delete " + route_text(o.prefix, {}); }
  std::string operator()(const DeleteGroup&) const { return "delete a group that nothing uses"; }
  std::string operator()(const DeleteNexthop&) const { return "delete a next hop that nothing uses"; }
};

}  // namespace

std::string to_string(const Operation& operation) {
  return std::visit(Describe{}, operation);
}

}  // namespace wgospf::rib

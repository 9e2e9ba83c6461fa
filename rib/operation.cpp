#include "rib/operation.h"

namespace wgospf::rib {

namespace {

std::string members_text(const std::vector<GroupMember>& members) {
  std::string text;
  for (const GroupMember& member : members) {
    if (!text.empty()) text += "/";
    text += std::to_string(member.nexthop_id);
    if (member.weight != 1) text.append("*").append(std::to_string(member.weight));
  }
  return text;
}

std::string route_text(const IpPrefix& prefix, std::uint32_t group_id,
                       const std::optional<IpAddress>& source) {
  return "route " + to_string(prefix) + " through group " + std::to_string(group_id) +
         (source ? " with source " + to_string(*source) : "");
}

struct Describe {
  std::string operator()(const AddNexthop& o) const {
    return "add " + to_string(Subject(o.key)) + " as id " + std::to_string(o.id);
  }
  std::string operator()(const AddGroup& o) const {
    return "add group " + std::to_string(o.id) + " of " + members_text(o.members);
  }
  std::string operator()(const ReplaceGroup& o) const {
    return "make group " + std::to_string(o.id) + " " + members_text(o.members);
  }
  std::string operator()(const AddRoute& o) const {
    return "add " + route_text(o.prefix, o.group_id, o.source);
  }
  std::string operator()(const ReplaceRoute& o) const {
    return "replace " + route_text(o.prefix, o.group_id, o.source);
  }
  std::string operator()(const DeleteRoute& o) const {
    return "delete " + route_text(o.prefix, o.group_id, {});
  }
  std::string operator()(const DeleteGroup& o) const { return "delete group " + std::to_string(o.id); }
  std::string operator()(const DeleteNexthop& o) const { return "delete next hop " + std::to_string(o.id); }
};

}  // namespace

std::string to_string(const Operation& operation) {
  return std::visit(Describe{}, operation);
}

}  // namespace wgospf::rib

#pragma once
// Events in words: one line for logs and Watch streams, with a stable name for programs.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/router_view.h"

namespace wgospf::daemon {

using LinkNamer = std::function<std::string(ospf::LinkId)>;

/// What a message is without its words, which cost more.
struct MessageKind {
  Severity severity = Severity::info;
  std::string_view name{};  ///< of a notice: points into it
  std::optional<ospf::LinkId> link{};
};
[[nodiscard]] MessageKind kind_of(const ospf::Event& event);
[[nodiscard]] MessageKind kind_of(const RouterEvent& event);

[[nodiscard]] Notice describe(const ospf::Event& event, const LinkNamer& link_name);
[[nodiscard]] Notice describe(const ospf::RouteChange<V2>& change, const LinkNamer& link_name);
[[nodiscard]] Notice describe(const RouterEvent& event, const LinkNamer& link_name);
/// What keeps a neighbour from Full, or from being of use, with the cure; empty when nothing does.
[[nodiscard]] std::string describe_problem(const ospf::NeighborInfo& neighbor);
/// Why a router on the link is not taken as a neighbour, with the cure.
[[nodiscard]] std::string describe_refused(const ospf::RefusedSender& refused);
/// "router-LSA"; "LSA" of a type that is not known.
[[nodiscard]] std::string_view type_name(ospf::LsaType type);
/// "router-LSA 10.0.0.1 of 10.0.0.1".
[[nodiscard]] std::string describe(const ospf::LsaKey& key);

}  // namespace wgospf::daemon

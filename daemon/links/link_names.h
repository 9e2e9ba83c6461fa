#pragma once
// The numbers that the core knows links by, for the names that people know them by.

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ospf/types.h"

namespace wgospf::daemon {

/// A LinkId for each name that ever stood in the configuration, or was a peer's; never reused. A link is known by the
/// name of its interface, or, behind a peer, by "INTERFACE/KEY", and may be shown under another name.
class LinkNames {
 public:
  [[nodiscard]] ospf::LinkId id_of(const std::string& name);
  /// nullopt when there never was a link with this name.
  [[nodiscard]] std::optional<ospf::LinkId> find(const std::string& name) const;
  void show_as(ospf::LinkId link, std::string name);
  /// As it is shown; "link N" for an id that was never given out.
  [[nodiscard]] std::string name_of(ospf::LinkId link) const;

 private:
  std::unordered_map<std::string, ospf::LinkId> ids_;
  std::vector<std::string> names_;
};

/// The device that the core is told of for an interface of the configuration. Its other links, behind peers,
/// name the same.
[[nodiscard]] constexpr ospf::DeviceId device_of(ospf::LinkId link) {
  return ospf::DeviceId{link.value};
}

}  // namespace wgospf::daemon

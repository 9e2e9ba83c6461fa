#include "daemon/links/link_names.h"

#include <fmt/format.h>

#include <utility>

namespace wgospf::daemon {

ospf::LinkId LinkNames::id_of(const std::string& name) {
  const auto [found, is_new] =
      ids_.try_emplace(name, ospf::LinkId{static_cast<std::uint32_t>(names_.size() + 1)});
  if (is_new) names_.push_back(name);
  return found->second;
}

std::optional<ospf::LinkId> LinkNames::find(const std::string& name) const {
  const auto found = ids_.find(name);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

void LinkNames::show_as(ospf::LinkId link, std::string name) {
  if (link.value != 0 && link.value <= names_.size()) names_[link.value - 1] = std::move(name);
}

std::string LinkNames::name_of(ospf::LinkId link) const {
  if (link.value == 0 || link.value > names_.size()) return fmt::format("link {}", link.value);
  return names_[link.value - 1];
}

}  // namespace wgospf::daemon

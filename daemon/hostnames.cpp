#include "daemon/hostnames.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "ospf/router_information.h"

namespace wgospf::daemon {

namespace {

ospf::OpaqueName name_in(ospf::AreaId area) {
  return {ospf::FloodingScope::area, area, {}, ospf::kRouterInformationType, ospf::kRouterInformationFirst};
}

/// Names are the same whatever the case of their letters (RFC 4343).
std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

/// What every machine is called that nobody has named.
bool is_nobodys(const std::string& name) {
  return lower(name).substr(0, name.find('.')) == "localhost";
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

void Hostnames::configure(const Config& config, const std::string& system_name) {
  std::string name = config.hostname;
  if (name.empty() && ospf::is_hostname(system_name) && !is_nobodys(system_name)) name = system_name;
  std::vector<ospf::AreaId> areas;
  for (const auto& area : config.areas) areas.push_back(area.id);
  if (name == own_name_ && areas == areas_) return;
  ospf::OpaqueChanged change;
  for (const auto area : areas_)
    if (name.empty() || std::find(areas.begin(), areas.end(), area) == areas.end())
      change.removed.push_back(name_in(area));
  if (!name.empty())
    for (const auto area : areas)
      change.set.push_back({name_in(area), ospf::encode_router_information({name})});
  own_name_ = std::move(name);
  areas_ = std::move(areas);
  announce_(change);
  publish();
}

void Hostnames::take(const ospf::OpaqueReceived& received) {
  const auto& name = received.name;
  if (name.scope != ospf::FloodingScope::area || name.type != ospf::kRouterInformationType) return;
  std::optional<std::string> hostname;
  if (received.body) {
    auto decoded = ospf::decode_router_information(*received.body);
    if (auto* information = std::get_if<ospf::RouterInformation>(&decoded))
      hostname = std::move(information->hostname);
    else
      teller_.notice(
          Severity::warning, "hostname_invalid",
          fmt::format(
              "router {} announces {}, so it goes without a name; see to its hostname: letters, "
              "digits, \"-\" and \".\", up to 255",
              received.router.to_string(),
              std::get<ospf::RouterInformationError>(decoded) == ospf::RouterInformationError::bad_hostname
                  ? "a hostname that is none"
                  : "a Router Information LSA that is cut off"));
  }
  const Place place{received.router, name.area, name.id};
  if (hostname) {
    auto& known = heard_[place];
    if (known == *hostname) return;
    known = *std::move(hostname);
  } else if (heard_.erase(place) == 0) {
    return;
  }
  publish();
}

void Hostnames::publish() {
  HostnameMap names;
  if (!own_name_.empty()) names.emplace(own_, own_name_);
  for (const auto& [place, name] : heard_) names.emplace(std::get<0>(place), name);
  if (names == *names_) return;
  names_ = std::make_shared<const HostnameMap>(std::move(names));
  warn_of_namesakes();
}

void Hostnames::warn_of_namesakes() {
  std::map<std::string, ospf::RouterId> first;
  std::string text;
  for (const auto& [router, name] : *names_) {
    const auto [former, is_new] = first.emplace(lower(name), router);
    if (is_new) continue;
    text = fmt::format(
        "routers {} and {} both call themselves \"{}\"; give each a name of its own (\"hostname\")",
        former->second.to_string(), router.to_string(), name);
    break;
  }
  teller_.set_warning("hostname_conflict", text);
}

}  // namespace wgospf::daemon

#include "daemon/links/known_routers.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include "wgadapter/state_text.h"

namespace wgospf::daemon {

namespace {
constexpr std::string_view kRoutersKind = "routers";
constexpr std::size_t kKeyLength = 44;
}  // namespace

std::string to_text(const NotedRouters& routers) {
  const std::map<wg::Key, Ipv4Address> in_order(routers.addresses.begin(), routers.addresses.end());
  std::vector<std::string> records;
  for (const auto& [key, address] : in_order)
    records.push_back(fmt::format("{} {} {}", key.to_base64(), address.to_string(),
                                  routers.last_there.at(key).time_since_epoch().count()));
  return wg::state_text(kRoutersKind, records);
}

namespace {

/// "KEY ADDRESS DAY".
bool take_record(std::string_view record, NotedRouters& routers) {
  const auto last = record.rfind(' ');
  if (last == std::string_view::npos || last <= kKeyLength || record[kKeyLength] != ' ') return false;
  const auto key = wg::Key::from_base64(record.substr(0, kKeyLength));
  const auto address = Ipv4Address::parse(record.substr(kKeyLength + 1, last - kKeyLength - 1));
  int day = 0;
  const char* end = record.data() + record.size();
  const auto [stopped, error] = std::from_chars(record.data() + last + 1, end, day);
  if (!key || !address || error != std::errc() || stopped != end) return false;
  routers.addresses.emplace(*key, *address);
  routers.last_there.emplace(*key, Day{std::chrono::days{day}});
  return true;
}

}  // namespace

Result<NotedRouters> parse_noted_routers(std::string_view text) {
  return wg::parse_state<NotedRouters>(kRoutersKind, text, take_record);
}

std::string KnownRouters::read(const std::string& state_directory, Day today) {
  auto problem = file_.read(fmt::format("{}/{}", state_directory, kRoutersKind),
                            [this](std::string_view text) -> Result<void> {
                              auto routers = parse_noted_routers(text);
                              if (!routers) return routers.error();
                              noted_ = std::move(routers).value();
                              return {};
                            });
  const auto forgotten = std::erase_if(noted_.last_there, [&](const auto& entry) {
    const bool is_old = entry.second + kRememberRouters < today;
    if (is_old) noted_.addresses.erase(entry.first);
    return is_old;
  });
  if (forgotten != 0) file_.change();
  return problem;
}

bool KnownRouters::note(const wg::Key& key, const Ipv4Address& address, Day today) {
  const auto [known, is_new] = noted_.addresses.try_emplace(key, address);
  if (!is_new && known->second == address) return false;
  known->second = address;
  noted_.last_there[key] = today;
  file_.change();
  return true;
}

void KnownRouters::saw(const wg::Device& device, Day today) {
  if (noted_.last_there.empty()) return;
  for (const auto& peer : device.peers) {
    const auto known = noted_.last_there.find(peer.public_key);
    if (known == noted_.last_there.end() || known->second == today) continue;
    known->second = today;
    file_.change();
  }
}

void KnownRouters::write() {
  file_.write([this] { return to_text(noted_); });
}

}  // namespace wgospf::daemon

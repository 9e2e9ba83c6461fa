#include "daemon/links/known_routers.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "daemon/state_file.h"
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
  const auto records = wg::parse_state_text(kRoutersKind, text);
  if (!records) return records.error();
  NotedRouters routers;
  for (const std::string_view record : *records)
    if (!take_record(record, routers))
      return Error{ErrorCode::malformed, "\"" + std::string(record) + "\" is out of place"};
  if (to_text(routers) != text) return Error{ErrorCode::malformed, "it is not in order"};
  return routers;
}

std::string KnownRouters::read(const std::string& state_directory, Day today) {
  file_ = fmt::format("{}/{}", state_directory, kRoutersKind);
  const auto text = read_state_file(file_);
  if (!text) return text.error().text;
  if (!*text) return {};
  auto routers = parse_noted_routers(**text);
  if (!routers) return fmt::format("{}: {}", file_, routers.error().text);
  noted_ = std::move(routers).value();
  for (auto it = noted_.last_there.begin(); it != noted_.last_there.end();) {
    const bool is_old = it->second + kRememberRouters < today;
    is_due_ = is_due_ || is_old;
    if (is_old) noted_.addresses.erase(it->first);
    it = is_old ? noted_.last_there.erase(it) : std::next(it);
  }
  return {};
}

bool KnownRouters::note(const wg::Key& key, const Ipv4Address& address, Day today) {
  const auto [known, is_new] = noted_.addresses.try_emplace(key, address);
  if (!is_new && known->second == address) return false;
  known->second = address;
  noted_.last_there[key] = today;
  is_due_ = true;
  return true;
}

void KnownRouters::saw(const wg::Device& device, Day today) {
  if (noted_.last_there.empty()) return;
  for (const auto& peer : device.peers) {
    const auto known = noted_.last_there.find(peer.public_key);
    if (known == noted_.last_there.end() || known->second == today) continue;
    known->second = today;
    is_due_ = true;
  }
}

void KnownRouters::write() {
  if (!is_due_ || is_writing_ || file_.empty()) return;
  is_due_ = false;
  is_writing_ = true;
  auto result = std::make_shared<Result<void>>();
  jobs_.run([result, file = file_, text = to_text(noted_)] { *result = write_state_file(file, text); },
            [this, result, alive = alive_] {
              if (!*alive) return;
              is_writing_ = false;
              is_due_ = is_due_ || !*result;
              problem_ = *result ? std::string() : result->error().text;
            });
}

}  // namespace wgospf::daemon

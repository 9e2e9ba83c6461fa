#include "daemon/links/device_mtu.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "wgadapter/state_text.h"

namespace wgospf::daemon {

namespace {

constexpr std::string_view kStateKind = "mtu";

/// The word up to the next space, which `text` then begins behind.
std::string_view take_word(std::string_view& text) {
  const auto end = std::min(text.find(' '), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

std::optional<std::uint32_t> number_of(std::string_view word) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

}  // namespace

bool UnderlayWay::follows_another(UnderlayWay& former) const {
  if (endpoint.empty()) return false;
  const bool is_elsewhere = !former.endpoint.empty() && former.endpoint != endpoint;
  const bool is_other =
      is_elsewhere || (!former.interfaces.empty() && !interfaces.empty() && former.interfaces != interfaces);
  if (is_elsewhere || !interfaces.empty()) former.interfaces = interfaces;
  former.endpoint = endpoint;
  return is_other;
}

DeviceMtus::Entry DeviceMtus::first_seen(const DeviceMtu& device) {
  Entry entry{device.ifindex, device.mtu, device.mtu};
  if (const auto left = left_.find(device.name); left != left_.end()) {
    if (left->second.noted == device.mtu) {
      entry.most = left->second.most;
      entry.noted = left->second.noted;
      for (const auto& [link, way] : device.ways) entry.limits.emplace(link, entry.noted);
    }
    left_.erase(left);
  }
  return entry;
}

void DeviceMtus::see(Entry& entry, std::uint32_t mtu) {
  if (mtu == entry.set) {
    entry.before = 0;
    if (entry.set == entry.most) entry.noted = 0;
  } else if (mtu != entry.before) {  // somebody else's
    entry.most = entry.set = mtu;
    entry.before = entry.noted = 0;
    entry.limits.clear();
  }
}

void DeviceMtus::note_limits(Entry& entry, const DeviceMtu& device) {
  for (const auto& [link, way] : device.ways)
    if (way.follows_another(entry.ways[link])) entry.limits.erase(link);
  std::erase_if(entry.limits, [&](const auto& limit) { return !device.ways.contains(limit.first); });
  for (const auto& [link, limit] : device.limits) {
    const auto known = entry.limits.try_emplace(link, limit).first;
    known->second = std::min(known->second, limit);
  }
}

std::uint32_t DeviceMtus::wanted(const Entry& entry, const DeviceMtu& device) {
  std::uint32_t mtu = entry.most;
  if (!device.is_auto) return mtu;
  for (const auto& [link, limit] : entry.limits) mtu = std::min(mtu, std::max(limit, device.least));
  return mtu;
}

std::vector<MtuChange> DeviceMtus::follow(const std::vector<DeviceMtu>& devices) {
  std::vector<MtuChange> changes;
  for (const auto& device : devices) {
    auto known = entries_.find(device.name);
    if (known == entries_.end() || known->second.ifindex != device.ifindex)
      known = entries_.insert_or_assign(device.name, first_seen(device)).first;
    Entry& entry = known->second;
    see(entry, device.mtu);
    note_limits(entry, device);
    if (entry.before != 0) continue;
    const std::uint32_t mtu = wanted(entry, device);
    if (mtu == entry.set) continue;
    entry.before = device.mtu;
    entry.set = mtu;
    if (mtu < entry.most) entry.noted = mtu;
    changes.push_back({device.name, device.ifindex, mtu, mtu == entry.most});
  }
  return changes;
}

void DeviceMtus::failed(const std::string& name) {
  const auto known = entries_.find(name);
  if (known == entries_.end() || known->second.before == 0) return;
  Entry& entry = known->second;
  entry.set = entry.before;
  entry.before = 0;
  if (entry.set == entry.most) entry.noted = 0;
}

std::vector<MtuChange> DeviceMtus::give_back(const std::function<std::uint32_t(std::uint32_t)>& mtu_of) {
  std::vector<MtuChange> changes;
  for (auto& [name, entry] : entries_) {
    if (entry.noted == 0) continue;
    const std::uint32_t now = mtu_of(entry.ifindex);
    if (now == entry.noted || now == entry.before) changes.push_back({name, entry.ifindex, entry.most, true});
    entry.set = entry.most;
    entry.noted = entry.before = 0;
  }
  return changes;
}

std::string DeviceMtus::to_text() const {
  std::map<std::string, Left> all = left_;
  for (const auto& [name, entry] : entries_)
    if (entry.noted != 0) all.insert_or_assign(name, Left{entry.most, entry.noted});
  std::vector<std::string> records;
  for (const auto& [name, left] : all)
    records.push_back(fmt::format("{} {} {}", name, left.most, left.noted));
  return wg::state_text(kStateKind, records);
}

Result<void> DeviceMtus::adopt(std::string_view text) {
  const auto records = wg::parse_state_text(kStateKind, text);
  if (!records) return records.error();
  DeviceMtus read;
  for (std::string_view record : *records) {
    const std::string name(take_word(record));
    const auto most = number_of(take_word(record));
    const auto noted = number_of(take_word(record));
    if (name.empty() || !most || !noted || *noted >= *most)
      return Error{ErrorCode::malformed, "a line of it is no device with two MTUs"};
    read.left_.insert_or_assign(name, Left{*most, *noted});
  }
  if (read.to_text() != text) return Error{ErrorCode::malformed, "it is not in order"};
  left_ = std::move(read.left_);
  return {};
}

}  // namespace wgospf::daemon

#include "daemon/links/key_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/telling/words.h"
#include "wgadapter/state_text.h"

namespace wgospf::daemon {

namespace {
constexpr std::string_view kKind = "keys";
}  // namespace

void KeyBook::write_down(Keys keys) {
  if (keys == written_) return;
  written_ = std::move(keys);
  written_ids_.clear();
  for (const auto& [key, id] : written_) written_ids_.insert(id);
}

std::optional<KeyBook::Known> KeyBook::find(const wg::Key& key) const {
  if (const auto written = written_.find(key); written != written_.end()) return Known{written->second, true};
  const auto learned = learned_.find(key);
  if (learned == learned_.end() || written_ids_.contains(learned->second)) return std::nullopt;
  return Known{learned->second, false};
}

KeyVerdict KeyBook::judge(const wg::Key& key, ospf::RouterId id) const {
  using Kind = KeyVerdict::Kind;
  if (const auto known = find(key))
    return known->id == id ? KeyVerdict{Kind::known, {}, known->is_written_down, {}}
                           : KeyVerdict{Kind::other_id, known->id, known->is_written_down, {}};
  const bool is_written_down = written_ids_.contains(id);
  KeyVerdict verdict{Kind::others_keys, {}, is_written_down, {}};
  for (const auto& [other, spoken] : is_written_down ? written_ : learned_)
    if (spoken == id && other != key && (is_written_down || !written_.contains(other)))
      verdict.keys.push_back(other);
  if (verdict.keys.empty()) return {Kind::free, {}, false, {}};
  return verdict;
}

std::vector<ospf::RouterId> KeyBook::claimed() const {
  std::vector<ospf::RouterId> ids;
  for (const auto& [key, id] : written_) ids.push_back(id);
  for (const auto& [key, id] : learned_)
    if (!written_.contains(key)) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::string KeyBook::to_text() const {
  std::vector<std::string> records;
  for (const auto& [key, id] : learned_) records.push_back(key.to_base64() + ' ' + id.to_string());
  return wg::state_text(kKind, records);
}

Result<void> KeyBook::take_text(std::string_view text) {
  const auto records = wg::parse_state_text(kKind, text);
  if (!records) return records.error();
  KeyBook read;
  for (const std::string_view record : *records) {
    const auto space = record.find(' ');
    const auto key = wg::Key::from_base64(record.substr(0, space));
    const auto id =
        space == record.npos ? std::nullopt : ospf::RouterId::parse(std::string(record.substr(space + 1)));
    if (!key || !id)
      return Error{ErrorCode::malformed, fmt::format("\"{}\" is no key with its router id", record)};
    read.learned_.insert_or_assign(*key, *id);
  }
  if (read.to_text() != text) return Error{ErrorCode::malformed, "it is not in order"};
  learned_ = std::move(read.learned_);
  return {};
}

std::string reason_of(const KeyVerdict& verdict, const std::string& name, ospf::RouterId id) {
  using Kind = KeyVerdict::Kind;
  if (!verdict.is_refusal()) return {};
  if (verdict.kind == Kind::other_id)
    return verdict.is_written_down
               ? fmt::format("peer {} speaks as router {}, and the configuration says that it is router {}",
                             name, id.to_string(), verdict.id.to_string())
               : fmt::format(
                     "peer {0} speaks as router {1}, and is known as router {2}; if that router was given "
                     "another id: wgospfctl forget-key {0}",
                     name, id.to_string(), verdict.id.to_string());
  std::vector<std::string> keys;
  for (const auto& key : verdict.keys) keys.push_back(key.to_base64());
  const std::string others = join_few(keys);
  if (verdict.is_written_down)
    return fmt::format(
        "peer {} speaks as router {}, which the configuration gives to {}; if it is that router, write the "
        "id "
        "beside its key, too",
        name, id.to_string(), others);
  return fmt::format(
      "peer {} speaks as router {}, which is known by {}; if it is that router, write the id beside its key, "
      "or "
      "if that key is not its any more: wgospfctl forget-key {}",
      name, id.to_string(), others, keys.front());
}

}  // namespace wgospf::daemon

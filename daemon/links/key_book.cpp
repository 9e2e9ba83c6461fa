#include "daemon/links/key_book.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "wgadapter/state_text.h"

namespace wgospf::daemon {

namespace {
constexpr std::string_view kKind = "keys";
}  // namespace

void KeyBook::write_down(Keys keys) {
  written_ = std::move(keys);
  written_ids_.clear();
  for (const auto& [key, id] : written_) written_ids_.insert(id);
}

KeyAdmission KeyBook::admit(const wg::Key& key, ospf::RouterId id) {
  using Kind = KeyAdmission::Kind;
  if (const auto written = written_.find(key); written != written_.end())
    return written->second == id ? KeyAdmission{Kind::known, {}, true}
                                 : KeyAdmission{Kind::other_id, written->second, true};
  if (written_ids_.contains(id)) return {Kind::others_keys, {}, true};
  const auto [known, is_new] = learned_.try_emplace(key, id);
  if (is_new) return {Kind::learned, {}, false};
  return known->second == id ? KeyAdmission{Kind::known, {}, false}
                             : KeyAdmission{Kind::other_id, known->second, false};
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

std::string reason_of(const KeyAdmission& admission, const wg::Key& key, ospf::RouterId id) {
  using Kind = KeyAdmission::Kind;
  if (admission.is_admitted()) return {};
  const std::string name = key.to_base64();
  if (admission.kind == Kind::others_keys)
    return fmt::format(
        "peer {} speaks as router {}, which the configuration gives to other keys; if it is that router, "
        "write its key down there, too",
        name, id.to_string());
  if (admission.is_written_down)
    return fmt::format("peer {} speaks as router {}, and the configuration says that it is router {}", name,
                       id.to_string(), admission.id.to_string());
  return fmt::format("peer {} speaks as router {}, and was known as router {}", name, id.to_string(),
                     admission.id.to_string());
}

}  // namespace wgospf::daemon

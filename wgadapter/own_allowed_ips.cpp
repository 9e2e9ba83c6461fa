#include "wgadapter/own_allowed_ips.h"

#include <charconv>
#include <optional>

#include "wgadapter/state_text.h"

namespace wgospf::wg {
namespace {

constexpr std::string_view kKind = "allowed-ips";
constexpr std::string_view kBoot = "boot ";
constexpr std::string_view kDevice = "device ";
constexpr std::string_view kPeer = "peer ";

Error malformed(std::string_view record) {
  return {ErrorCode::malformed, "\"" + std::string(record) + "\" is out of place"};
}

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// Records one by one; each belongs to what the ones before it have begun.
class NoteReader {
 public:
  [[nodiscard]] bool take(std::string_view record) {
    if (record.starts_with(kBoot)) return note.boot_id.empty() && set_boot(record.substr(kBoot.size()));
    if (record.starts_with(kDevice)) return begin_device(record.substr(kDevice.size()));
    if (record.starts_with(kPeer)) return begin_peer(record.substr(kPeer.size()));
    const auto prefix = Ipv4Prefix::parse(record);
    if (!prefix || peer_ == nullptr || (!peer_->empty() && peer_->back() >= *prefix)) return false;
    peer_->push_back(*prefix);
    return true;
  }
  OwnNote note{};

 private:
  bool set_boot(std::string_view word) {
    note.boot_id = word;
    return !word.empty() && word.find(' ') == std::string_view::npos;
  }
  bool begin_device(std::string_view text) {
    const auto space = text.rfind(' ');
    const auto ifindex = space == std::string_view::npos ? std::nullopt : number_of(text.substr(space + 1));
    if (note.boot_id.empty() || !ifindex) return false;
    const std::string name(text.substr(0, space));
    note.ifindex[name] = *ifindex;
    device_ = &note.own[name];
    peer_ = nullptr;
    return true;
  }
  bool begin_peer(std::string_view text) {
    const auto key = Key::from_base64(text);
    if (!key || device_ == nullptr) return false;
    peer_ = &(*device_)[*key];
    return true;
  }

  OwnPrefixes* device_ = nullptr;
  std::vector<Ipv4Prefix>* peer_ = nullptr;
};

}  // namespace

std::string to_text(const OwnNote& note) {
  std::vector<std::string> records;
  if (!note.boot_id.empty()) records.push_back(std::string(kBoot) + note.boot_id);
  for (const auto& [device, peers] : note.own) {
    const auto ifindex = note.ifindex.find(device);
    const std::uint32_t number = ifindex == note.ifindex.end() ? 0 : ifindex->second;
    records.push_back(std::string(kDevice) + device + ' ' + std::to_string(number));
    for (const auto& [key, prefixes] : peers) {
      records.push_back(std::string(kPeer) + key.to_base64());
      for (const Ipv4Prefix& prefix : prefixes) records.push_back(prefix.to_string());
    }
  }
  return state_text(kKind, records);
}

Result<OwnNote> parse_own_note(std::string_view text) {
  const auto records = parse_state_text(kKind, text);
  if (!records) return records.error();
  NoteReader reader;
  for (const std::string_view record : *records)
    if (!reader.take(record)) return malformed(record);
  // What is told twice, or out of order, was not written here.
  if (to_text(reader.note) != text) return Error{ErrorCode::malformed, "it is not in order"};
  return std::move(reader.note);
}

OwnBook::OwnBook(const OwnNote& note) : boot_id_(note.boot_id) {
  for (const auto& [name, peers] : note.own) {
    OfDevice& device = devices_[name];
    if (const auto found = note.ifindex.find(name); found != note.ifindex.end())
      device.ifindex = found->second;
    for (const auto& [key, prefixes] : peers) device.peers[key].insert(prefixes.begin(), prefixes.end());
  }
}

void OwnBook::apply(const std::string& name, std::uint32_t ifindex, const OwnChanges& changes) {
  OfDevice& device = devices_[name];
  device.ifindex = ifindex;
  for (const OwnChange& change : changes) {
    auto& prefixes = device.peers[change.peer];
    if (change.is_own)
      prefixes.insert(change.prefix);
    else
      prefixes.erase(change.prefix);
  }
  std::erase_if(device.peers, [](const auto& peer) { return peer.second.empty(); });
  if (device.peers.empty()) devices_.erase(name);
}

OwnNote OwnBook::note() const {
  OwnNote note;
  note.boot_id = boot_id_;
  for (const auto& [name, device] : devices_) {
    note.ifindex[name] = device.ifindex;
    for (const auto& [key, prefixes] : device.peers)
      note.own[name].emplace(key, std::vector<Ipv4Prefix>(prefixes.begin(), prefixes.end()));
  }
  return note;
}

}  // namespace wgospf::wg

#include "daemon/clients/client_notes.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "wgadapter/state_text.h"

namespace wgospf::daemon {

namespace {

constexpr std::string_view kClientsKind = "clients";

/// Up to the next space, which is passed over.
std::string_view next_word(std::string_view& text) {
  const std::size_t end = text.find(' ');
  const auto word = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return word;
}

std::optional<Day> parse_day(std::string_view text) {
  int day = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, day);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return Day{std::chrono::days{day}};
}

/// "DEVICE DAY KEY ADDRESS...". Names of interfaces hold no space.
bool take_record(std::string_view record, NotedClients& clients) {
  const std::string device(next_word(record));
  const auto day = parse_day(next_word(record));
  const auto key = wg::Key::from_base64(next_word(record));
  std::vector<Ipv4Address> addresses;
  while (!record.empty()) {
    const auto address = Ipv4Address::parse(next_word(record));
    if (!address) return false;
    addresses.push_back(*address);
  }
  if (device.empty() || !day || !key || addresses.empty()) return false;
  clients.addresses[device].emplace(*key, std::move(addresses));
  clients.last_there[device].emplace(*key, *day);
  return true;
}

}  // namespace

std::string to_text(const NotedClients& clients) {
  std::vector<std::string> records;
  for (const auto& [device, of_device] : clients.addresses) {
    const std::map<wg::Key, std::vector<Ipv4Address>> in_order(of_device.begin(), of_device.end());
    for (const auto& [key, addresses] : in_order) {
      auto& record = records.emplace_back(
          fmt::format("{} {} {}", device, clients.last_there.at(device).at(key).time_since_epoch().count(),
                      key.to_base64()));
      for (const auto& address : addresses) record += " " + address.to_string();
    }
  }
  return wg::state_text(kClientsKind, records);
}

Result<NotedClients> parse_noted_clients(std::string_view text) {
  return wg::parse_state<NotedClients>(kClientsKind, text, take_record);
}

std::string ClientNotes::read(const std::string& state_directory, Day today) {
  auto problem = file_.read(fmt::format("{}/{}", state_directory, kClientsKind),
                            [this](std::string_view text) -> Result<void> {
                              auto clients = parse_noted_clients(text);
                              if (!clients) return clients.error();
                              noted_ = std::move(clients).value();
                              return {};
                            });
  for (auto& [device, of_device] : noted_.last_there) {
    const auto before = of_device.size();
    std::erase_if(of_device, [&](const auto& entry) {
      const bool is_old = entry.second + kRememberRouters < today;
      if (is_old) noted_.addresses.at(device).erase(entry.first);
      return is_old;
    });
    if (of_device.size() != before) file_.change();
  }
  return problem;
}

const ClientAddresses* ClientNotes::of(const std::string& device) const {
  const auto found = noted_.addresses.find(device);
  return found == noted_.addresses.end() ? nullptr : &found->second;
}

void ClientNotes::note(const std::string& device, const wg::Key& key,
                       const std::vector<Ipv4Address>& addresses, Day today) {
  const auto [known, is_new] = noted_.addresses[device].try_emplace(key, addresses);
  if (!is_new && known->second == addresses) return;
  known->second = addresses;
  noted_.last_there[device][key] = today;
  file_.change();
}

void ClientNotes::saw(const wg::Device& device, Day today) {
  const auto of_device = noted_.last_there.find(device.name);
  if (of_device == noted_.last_there.end()) return;
  for (const auto& peer : device.peers) {
    const auto known = of_device->second.find(peer.public_key);
    if (known == of_device->second.end() || known->second == today) continue;
    known->second = today;
    file_.change();
  }
}

void ClientNotes::write() {
  file_.write([this] { return to_text(noted_); });
}

}  // namespace wgospf::daemon

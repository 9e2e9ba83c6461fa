#include "wgadapter/uapi.h"

#include <net/if.h>

#include <charconv>
#include <cstdlib>

#include "net/host_port.h"

namespace wgospf::wg {
namespace {

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

/// "192.0.2.1:51820" or "[fe80::1%wg0]:51820".
std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const auto place = parse_host_port(text);
  if (!place) return std::nullopt;
  Endpoint endpoint{.port = place->port};
  std::string_view host = place->bare_host();
  if (const std::size_t percent = host.find('%'); percent != std::string_view::npos) {
    const std::string scope(host.substr(percent + 1));
    host = host.substr(0, percent);
    if (!parse_number(std::string_view(scope), endpoint.scope_id))
      endpoint.scope_id = ::if_nametoindex(scope.c_str());
  }
  const auto address = parse_address(host);
  if (!address) return std::nullopt;
  endpoint.address = *address;
  return endpoint;
}

/// Fills a device from the lines of an answer, one at a time.
class Reader {
 public:
  explicit Reader(Device& device) : device_(device) {}

  /// False when the value cannot be what the key says, or the line comes too early.
  bool take(std::string_view key, std::string_view value) {
    if (key == "public_key") return start_peer(value);
    if (key == "private_key") return set_private_key(value);
    if (key == "listen_port") return parse_number(value, device_.listen_port);
    if (key == "fwmark") return parse_number(value, device_.fwmark);
    if (device_.peers.empty()) return !is_peer_key(key);
    return take_peer_line(device_.peers.back(), key, value);
  }

  void finish() {
    for (std::size_t i = 0; i < device_.peers.size(); ++i) {
      const auto when = system_time(handshakes_[i].seconds, handshakes_[i].nanoseconds);
      if (when != SystemTime{}) device_.peers[i].last_handshake = when;
    }
  }

 private:
  static bool is_peer_key(std::string_view key) {
    for (const std::string_view known :
         {"endpoint", "last_handshake_time_sec", "last_handshake_time_nsec", "rx_bytes", "tx_bytes",
          "persistent_keepalive_interval", "allowed_ip", "protocol_version", "preshared_key"})
      if (key == known) return true;
    return false;
  }

  bool start_peer(std::string_view value) {
    const auto key = Key::from_hex(value);
    if (!key) return false;
    device_.peers.emplace_back().public_key = *key;
    handshakes_.emplace_back();
    return true;
  }

  bool set_private_key(std::string_view value) {
    const auto key = SecretKey::from_hex(value);
    if (key && !key->is_zero()) device_.public_key = key->public_key();
    return key.has_value();
  }

  bool take_peer_line(Peer& peer, std::string_view key, std::string_view value) {
    if (key == "rx_bytes") return parse_number(value, peer.rx_bytes);
    if (key == "tx_bytes") return parse_number(value, peer.tx_bytes);
    if (key == "persistent_keepalive_interval") return parse_number(value, peer.persistent_keepalive);
    if (key == "protocol_version") return parse_number(value, peer.protocol_version);
    if (key == "endpoint") return (peer.endpoint = parse_endpoint(value)).has_value();
    if (key == "last_handshake_time_sec" || key == "last_handshake_time_nsec") {
      Handshake& handshake = handshakes_.back();
      return parse_number(value, key.ends_with("_nsec") ? handshake.nanoseconds : handshake.seconds) &&
             system_time(handshake.seconds, handshake.nanoseconds);
    }
    if (key == "allowed_ip") {
      const auto prefix = parse_prefix(value);
      if (prefix) peer.allowed_ips.push_back(*prefix);
      return prefix.has_value();
    }
    return true;
  }

  struct Handshake {
    std::int64_t seconds = 0, nanoseconds = 0;
  };
  Device& device_;
  std::vector<Handshake> handshakes_;  ///< By peer: seconds and nanoseconds come on two lines
};

Error malformed(const std::string& name, std::size_t number, std::string_view line) {
  return {ErrorCode::malformed, name + ": line " + std::to_string(number) + " of the device's answer, \"" +
                                    printable_uapi_line(line) + "\", cannot be understood"};
}

SecretText line_of(std::string_view key, std::string_view value) {
  SecretText line;
  line.reserve(key.size() + value.size() + 2);
  line.append(key).append("=").append(value).append("\n");
  return line;
}

SecretText secret_line(std::string_view key, const SecretKey& secret) {
  constexpr std::string_view digits = "0123456789abcdef";
  SecretText line;
  line.reserve(key.size() + 2 * kKeyBytes + 2);
  line.append(key).append("=");
  for (const std::uint8_t byte : secret.bytes()) {
    line += digits[byte >> 4];
    line += digits[byte & 15];
  }
  line += '\n';
  return line;
}

std::string select_peer(const Key& key) {
  return "public_key=" + key.to_hex() + '\n';
}

UapiBlock encode_peer(const PeerDelta& peer) {
  UapiBlock block{select_peer(peer.public_key), {}};
  if (peer.action == PeerAction::update) block.head += "update_only=true\n";
  if (peer.preshared_key) block.lines.push_back(secret_line("preshared_key", *peer.preshared_key));
  if (peer.endpoint) block.lines.push_back(line_of("endpoint", to_string(*peer.endpoint)));
  if (peer.persistent_keepalive)
    block.lines.push_back(
        line_of("persistent_keepalive_interval", std::to_string(*peer.persistent_keepalive)));
  for (const AllowedIp& prefix : peer.add_allowed_ips)
    block.lines.push_back(line_of("allowed_ip", to_string(prefix)));
  return block;
}

}  // namespace

std::vector<UapiBlock> encode_uapi_settings(const DeviceDelta& settings) {
  std::vector<UapiBlock> blocks;
  UapiBlock device;
  if (settings.private_key) device.lines.push_back(secret_line("private_key", *settings.private_key));
  if (settings.listen_port)
    device.lines.push_back(line_of("listen_port", std::to_string(*settings.listen_port)));
  if (settings.fwmark) device.lines.push_back(line_of("fwmark", std::to_string(*settings.fwmark)));
  if (!device.lines.empty()) blocks.push_back(std::move(device));
  for (const PeerDelta& peer : settings.peers) blocks.push_back(encode_peer(peer));
  return blocks;
}

std::vector<UapiBlock> encode_uapi_removals(const std::vector<Removal>& removals) {
  std::vector<UapiBlock> blocks;
  for (const Removal& removal : removals) {
    UapiBlock block{select_peer(removal.public_key) + "update_only=true\n", {}};
    for (const AllowedIp& prefix : removal.prefixes)
      block.lines.push_back(line_of("allowed_ip", '-' + to_string(prefix)));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

std::vector<UapiBlock> encode_uapi_removals_by_theft(const std::vector<Removal>& removals,
                                                     const Key& throwaway) {
  UapiBlock thief{select_peer(throwaway), {}};
  for (const Removal& removal : removals)
    for (const AllowedIp& prefix : removal.prefixes)
      thief.lines.push_back(line_of("allowed_ip", to_string(prefix)));
  return {std::move(thief), UapiBlock{select_peer(throwaway), {line_of("remove", "true")}}};
}

std::vector<UapiBlock> encode_uapi_peer_removals(const std::vector<Key>& peers) {
  std::vector<UapiBlock> blocks;
  for (const Key& key : peers)
    blocks.push_back({select_peer(key) + "update_only=true\n", {line_of("remove", "true")}});
  return blocks;
}

SecretText make_uapi_request(const std::vector<UapiBlock>& blocks) {
  SecretText request = "set=1\n";
  for (const UapiBlock& block : blocks) {
    request.append(block.head);
    for (const SecretText& line : block.lines) request.append(line);
  }
  request += '\n';
  return request;
}

std::string printable_uapi_line(std::string_view line) {
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  for (const std::string_view secret : {"private_key=", "preshared_key="})
    if (line.starts_with(secret)) return std::string(secret) + "(hidden)";
  return std::string(line.substr(0, 120));
}

Result<Device> parse_uapi_device(std::string_view answer, const std::string& name) {
  Device device;
  device.name = name;
  device.backend = BackendKind::userspace;
  Reader reader(device);
  for (std::size_t number = 1; !answer.empty(); ++number) {
    const std::size_t end = answer.find('\n');
    const std::string_view line = answer.substr(0, end);
    answer = end == std::string_view::npos ? std::string_view{} : answer.substr(end + 1);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return malformed(name, number, line);
    const std::string_view key = line.substr(0, equals), value = line.substr(equals + 1);
    if (key != "errno") {
      if (!reader.take(key, value)) return malformed(name, number, line);
      continue;
    }
    int code = 0;
    if (!parse_number(value, code)) return malformed(name, number, line);
    if (code != 0) {
      Error error = system_error(std::abs(code), name + ": the device refused to be read");
      error.code = ErrorCode::rejected;
      return error;
    }
    reader.finish();
    return device;
  }
  return Error{ErrorCode::malformed,
               name + ": the device's answer ends without errno; it is asked again later"};
}

Result<int> parse_uapi_errno(std::string_view answer, const std::string& name) {
  std::string_view line = answer.substr(0, answer.find('\n'));
  int code = 0;
  if (!line.starts_with("errno=") || !parse_number(line.substr(6), code)) return malformed(name, 1, line);
  return std::abs(code);
}

}  // namespace wgospf::wg

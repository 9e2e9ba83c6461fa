#include "wgadapter/wireguard_genl.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

namespace wgospf::wg {

void MessageDeleter::operator()(nl_msg* message) const {
  nlmsghdr* header = nlmsg_hdr(message);
  explicit_bzero(header, header->nlmsg_len);
  nlmsg_free(message);
}

Message make_message(std::uint16_t type, std::uint16_t flags, std::size_t bytes) {
  Message message(nlmsg_alloc_size(bytes));
  if (message == nullptr || nlmsg_put(message.get(), 0, 0, type, 0, flags) == nullptr) throw std::bad_alloc();
  return message;
}

std::span<std::byte> bytes_of(const Message& message) {
  nlmsghdr* header = nlmsg_hdr(message.get());
  return {reinterpret_cast<std::byte*>(header), header->nlmsg_len};
}

namespace {

// Newer than the headers of Debian 12 (include/uapi/linux/wireguard.h, Linux 6.16).
constexpr int kAllowedIpFlags = 4;
constexpr std::uint32_t kAllowedIpRemoveMe = 1;

constexpr std::size_t kMessageBytes = 80 << 10;
/// Largest encodings: an IPv6 prefix with flags, and a peer with everything but prefixes.
constexpr std::size_t kAllowedIpBytes = 48;
constexpr std::size_t kPeerBytes = 136;
/// Of one message's peers; the length of a nest has 16 bits.
constexpr std::size_t kNestBudget = 56'000;

template <class T>
std::optional<T> value_of(const nlattr* attribute) {
  if (attribute == nullptr || nla_len(attribute) < static_cast<int>(sizeof(T))) return std::nullopt;
  T value{};
  std::memcpy(&value, nla_data(attribute), sizeof(T));
  return value;
}

std::optional<Key> key_of(const nlattr* attribute) {
  if (attribute == nullptr || nla_len(attribute) != static_cast<int>(kKeyBytes)) return std::nullopt;
  Key key;
  std::memcpy(key.bytes.data(), nla_data(attribute), kKeyBytes);
  return key;
}

IpAddress from_bytes(const in_addr& address) {
  return Ipv4Address{ntohl(address.s_addr)};
}
IpAddress from_bytes(const in6_addr& address) {
  Ipv6Address out;
  std::memcpy(out.bytes.data(), address.s6_addr, 16);
  return out;
}

std::optional<Endpoint> endpoint_of(const nlattr* attribute) {
  const auto family = value_of<sa_family_t>(attribute);
  if (family == AF_INET) {
    const auto address = value_of<sockaddr_in>(attribute);
    if (!address) return std::nullopt;
    return Endpoint{from_bytes(address->sin_addr), ntohs(address->sin_port), 0};
  }
  if (family == AF_INET6) {
    const auto address = value_of<sockaddr_in6>(attribute);
    if (!address) return std::nullopt;
    return Endpoint{from_bytes(address->sin6_addr), ntohs(address->sin6_port), address->sin6_scope_id};
  }
  return std::nullopt;
}

std::optional<AllowedIp> allowed_ip_of(nlattr& nest) {
  std::array<nlattr*, WGALLOWEDIP_A_MAX + 1> table{};
  if (nla_parse_nested(table.data(), WGALLOWEDIP_A_MAX, &nest, nullptr) < 0) return std::nullopt;
  const auto family = value_of<std::uint16_t>(table[WGALLOWEDIP_A_FAMILY]);
  const auto length = value_of<std::uint8_t>(table[WGALLOWEDIP_A_CIDR_MASK]);
  if (!family || !length) return std::nullopt;
  if (family == AF_INET) {
    const auto address = value_of<in_addr>(table[WGALLOWEDIP_A_IPADDR]);
    if (!address || *length > 32) return std::nullopt;
    return Ipv4Prefix::make(std::get<Ipv4Address>(from_bytes(*address)), *length);
  }
  const auto address = value_of<in6_addr>(table[WGALLOWEDIP_A_IPADDR]);
  if (family != AF_INET6 || !address || *length > 128) return std::nullopt;
  return Ipv6Prefix::make(std::get<Ipv6Address>(from_bytes(*address)), *length);
}

/// struct __kernel_timespec
struct Timespec {
  std::int64_t seconds;
  std::int64_t nanoseconds;
};

Error malformed(const std::string& name, const char* what) {
  return {ErrorCode::malformed,
          name + ": the kernel's " + what + " cannot be understood; is it newer than this program?"};
}

/// The few of a peer's facts that come in its first nest only.
Result<void> fill_peer(Peer& peer, const std::array<nlattr*, WGPEER_A_MAX + 1>& table,
                       const std::string& name) {
  if (table[WGPEER_A_ENDPOINT] != nullptr) {
    peer.endpoint = endpoint_of(table[WGPEER_A_ENDPOINT]);
    if (!peer.endpoint) return malformed(name, "WGPEER_A_ENDPOINT");
  }
  if (table[WGPEER_A_LAST_HANDSHAKE_TIME] != nullptr) {
    const auto time = value_of<Timespec>(table[WGPEER_A_LAST_HANDSHAKE_TIME]);
    if (!time) return malformed(name, "WGPEER_A_LAST_HANDSHAKE_TIME");
    const auto when = system_time(time->seconds, time->nanoseconds);
    if (!when) return malformed(name, "WGPEER_A_LAST_HANDSHAKE_TIME");
    if (*when != SystemTime{}) peer.last_handshake = when;
  }
  peer.rx_bytes = value_of<std::uint64_t>(table[WGPEER_A_RX_BYTES]).value_or(0);
  peer.tx_bytes = value_of<std::uint64_t>(table[WGPEER_A_TX_BYTES]).value_or(0);
  peer.persistent_keepalive =
      value_of<std::uint16_t>(table[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]).value_or(0);
  peer.protocol_version = value_of<std::uint32_t>(table[WGPEER_A_PROTOCOL_VERSION]).value_or(0);
  return {};
}

// ---- encoding -------------------------------------------------------------------------------------------

Message make_genl(std::uint16_t family, std::uint16_t flags, std::uint8_t command, const std::string& name) {
  const bool get = command == WG_CMD_GET_DEVICE;
  Message message = make_message(family, flags, get ? 256 : kMessageBytes);
  genlmsghdr header{};
  header.cmd = command;
  header.version = WG_GENL_VERSION;
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  nla_put_string(message.get(), WGDEVICE_A_IFNAME, name.c_str());
  return message;
}

/// One nest of a message to be: a peer's settings and some of its prefixes.
struct PeerNest {
  Key public_key{};
  std::uint32_t flags = 0;
  const PeerDelta* settings = nullptr;  ///< In a peer's first nest only
  std::span<const AllowedIp> prefixes{};
  std::uint32_t prefix_flags = 0;
};

bool put_allowed_ip(nl_msg& message, const AllowedIp& prefix, std::uint32_t flags) {
  nlattr* nest = nla_nest_start(&message, 0);
  if (nest == nullptr) return false;
  int error = 0;
  if (const auto* v4 = std::get_if<Ipv4Prefix>(&prefix)) {
    const in_addr address{htonl(v4->address.value)};
    error |= nla_put_u16(&message, WGALLOWEDIP_A_FAMILY, AF_INET);
    error |= nla_put(&message, WGALLOWEDIP_A_IPADDR, sizeof(address), &address);
  } else {
    const auto& bytes = std::get<Ipv6Prefix>(prefix).address.bytes;
    error |= nla_put_u16(&message, WGALLOWEDIP_A_FAMILY, AF_INET6);
    error |= nla_put(&message, WGALLOWEDIP_A_IPADDR, static_cast<int>(bytes.size()), bytes.data());
  }
  error |= nla_put_u8(&message, WGALLOWEDIP_A_CIDR_MASK, length_of(prefix));
  if (flags != 0) error |= nla_put_u32(&message, kAllowedIpFlags, flags);
  return nla_nest_end(&message, nest) == 0 && error == 0;
}

int put_endpoint(nl_msg& message, const Endpoint& endpoint) {
  if (const auto* v4 = std::get_if<Ipv4Address>(&endpoint.address)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    address.sin_addr.s_addr = htonl(v4->value);
    return nla_put(&message, WGPEER_A_ENDPOINT, sizeof(address), &address);
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(endpoint.port);
  address.sin6_scope_id = endpoint.scope_id;
  std::memcpy(address.sin6_addr.s6_addr, std::get<Ipv6Address>(endpoint.address).bytes.data(), 16);
  return nla_put(&message, WGPEER_A_ENDPOINT, sizeof(address), &address);
}

bool put_peer(nl_msg& message, const PeerNest& peer) {
  nlattr* nest = nla_nest_start(&message, 0);
  if (nest == nullptr) return false;
  int error =
      nla_put(&message, WGPEER_A_PUBLIC_KEY, static_cast<int>(kKeyBytes), peer.public_key.bytes.data());
  if (peer.flags != 0) error |= nla_put_u32(&message, WGPEER_A_FLAGS, peer.flags);
  if (const PeerDelta* settings = peer.settings) {
    if (settings->preshared_key)
      error |= nla_put(&message, WGPEER_A_PRESHARED_KEY, static_cast<int>(kKeyBytes),
                       settings->preshared_key->bytes().data());
    if (settings->endpoint) error |= put_endpoint(message, *settings->endpoint);
    if (settings->persistent_keepalive)
      error |= nla_put_u16(&message, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, *settings->persistent_keepalive);
  }
  bool good = error == 0;
  if (!peer.prefixes.empty()) {
    nlattr* list = nla_nest_start(&message, WGPEER_A_ALLOWEDIPS);
    good = good && list != nullptr;
    for (const AllowedIp& prefix : peer.prefixes)
      good = good && put_allowed_ip(message, prefix, peer.prefix_flags);
    good = good && nla_nest_end(&message, list) == 0;
  }
  return good && nla_nest_end(&message, nest) == 0;
}

/// Fills messages with nests, beginning another one whenever a limit is reached.
class Packer {
 public:
  Packer(std::uint16_t family, std::string name) : family_(family), name_(std::move(name)) {}

  /// The message to which the next nest goes, for attributes of the device itself.
  nl_msg& message() {
    if (messages_.empty()) begin();
    return *messages_.back();
  }

  /// Nests that `keep_together` needs in one message must fit one; the caller cuts them.
  void add(const std::vector<PeerNest>& keep_together) {
    std::size_t prefixes = 0;
    for (const PeerNest& nest : keep_together) prefixes += nest.prefixes.size();
    const std::size_t bytes = keep_together.size() * kPeerBytes + prefixes * kAllowedIpBytes;
    const bool full = bytes_ + bytes > kNestBudget || peers_ + keep_together.size() > kMaxPeersPerMessage ||
                      prefixes_ + prefixes > kMaxAllowedIpsPerMessage;
    if (full && list_ != nullptr) begin();
    nl_msg& target = message();
    if (list_ == nullptr) list_ = nla_nest_start(&target, WGDEVICE_A_PEERS);
    for (const PeerNest& nest : keep_together) good_ = good_ && list_ != nullptr && put_peer(target, nest);
    bytes_ += bytes;
    peers_ += keep_together.size();
    prefixes_ += prefixes;
  }

  /// Prefixes that still fit the message beside so many nests; those of a new one where few do.
  [[nodiscard]] std::size_t room(std::size_t nests) const {
    constexpr std::size_t kFew = 50;
    const std::size_t taken = bytes_ + nests * kPeerBytes;
    const std::size_t bytes = taken < kNestBudget ? (kNestBudget - taken) / kAllowedIpBytes : 0;
    const std::size_t left = std::min(kMaxAllowedIpsPerMessage - prefixes_, bytes);
    return left < kFew ? kMaxAllowedIpsPerMessage : left;
  }

  Result<std::vector<Message>> finish() {
    close();
    if (!good_)
      return Error{ErrorCode::too_large,
                   name_ + ": the change does not fit netlink's messages; ask for less at once"};
    return std::move(messages_);
  }

 private:
  void begin() {
    close();
    messages_.push_back(make_genl(family_, NLM_F_REQUEST | NLM_F_ACK, WG_CMD_SET_DEVICE, name_));
    bytes_ = peers_ = prefixes_ = 0;
  }
  void close() {
    if (list_ != nullptr) good_ = nla_nest_end(messages_.back().get(), list_) == 0 && good_;
    list_ = nullptr;
  }

  std::uint16_t family_;
  std::string name_;
  std::vector<Message> messages_;
  nlattr* list_ = nullptr;  ///< The open nest of peers of the last message
  std::size_t bytes_ = 0, peers_ = 0, prefixes_ = 0;
  bool good_ = true;
};

/// Calls `consume` with as many prefixes at a time as the message has room for, at least once.
template <class Consumer>
void in_chunks(const Packer& packer, std::size_t nests, std::span<const AllowedIp> prefixes,
               Consumer consume) {
  do {
    const auto part = prefixes.first(std::min(prefixes.size(), packer.room(nests)));
    consume(part);
    prefixes = prefixes.subspan(part.size());
  } while (!prefixes.empty());
}

}  // namespace

DeviceDumpParser::DeviceDumpParser(const std::string& name, std::optional<Key> secret_of)
    : secret_of_(secret_of) {
  device_.name = name;
  device_.backend = BackendKind::kernel;
}

Result<void> DeviceDumpParser::add(const nlmsghdr& message) {
  std::array<nlattr*, WGDEVICE_A_MAX + 1> table{};
  auto* header = const_cast<nlmsghdr*>(&message);
  if (message.nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN) ||
      nlmsg_parse(header, GENL_HDRLEN, table.data(), WGDEVICE_A_MAX, nullptr) < 0)
    return malformed(device_.name, "device message");
  if (const auto ifindex = value_of<std::uint32_t>(table[WGDEVICE_A_IFINDEX])) device_.ifindex = *ifindex;
  if (const auto port = value_of<std::uint16_t>(table[WGDEVICE_A_LISTEN_PORT])) device_.listen_port = *port;
  if (const auto mark = value_of<std::uint32_t>(table[WGDEVICE_A_FWMARK])) device_.fwmark = *mark;
  if (table[WGDEVICE_A_PUBLIC_KEY] != nullptr) {
    device_.public_key = key_of(table[WGDEVICE_A_PUBLIC_KEY]);
    if (!device_.public_key) return malformed(device_.name, "WGDEVICE_A_PUBLIC_KEY");
  }
  if (table[WGDEVICE_A_PEERS] == nullptr) return {};
  nlattr* peer = nullptr;
  int left = 0;
  nla_for_each_nested(peer, table[WGDEVICE_A_PEERS], left) {
    if (auto done = add_peer(*peer); !done) return done;
  }
  return {};
}

Result<void> DeviceDumpParser::add_peer(nlattr& nest) {
  std::array<nlattr*, WGPEER_A_MAX + 1> table{};
  if (nla_parse_nested(table.data(), WGPEER_A_MAX, &nest, nullptr) < 0)
    return malformed(device_.name, "list of peers");
  const auto key = key_of(table[WGPEER_A_PUBLIC_KEY]);
  if (!key) return malformed(device_.name, "WGPEER_A_PUBLIC_KEY");
  if (device_.peers.empty() || device_.peers.back().public_key != *key) {
    device_.peers.emplace_back().public_key = *key;
    if (auto done = fill_peer(device_.peers.back(), table, device_.name); !done) return done;
    if (key == secret_of_ && table[WGPEER_A_PRESHARED_KEY] != nullptr &&
        nla_len(table[WGPEER_A_PRESHARED_KEY]) == static_cast<int>(kKeyBytes))
      preshared_key_.emplace(std::span<const std::uint8_t, kKeyBytes>(
          static_cast<const std::uint8_t*>(nla_data(table[WGPEER_A_PRESHARED_KEY])), kKeyBytes));
  }
  if (table[WGPEER_A_ALLOWEDIPS] == nullptr) return {};
  nlattr* entry = nullptr;
  int left = 0;
  nla_for_each_nested(entry, table[WGPEER_A_ALLOWEDIPS], left) {
    const auto prefix = allowed_ip_of(*entry);
    if (!prefix) return malformed(device_.name, "WGPEER_A_ALLOWEDIPS");
    device_.peers.back().allowed_ips.push_back(*prefix);
  }
  return {};
}

Message make_get_device(std::uint16_t family, const std::string& name) {
  return make_genl(family, NLM_F_REQUEST | NLM_F_DUMP, WG_CMD_GET_DEVICE, name);
}

Result<std::vector<Message>> encode_settings(std::uint16_t family, const std::string& name,
                                             const DeviceDelta& settings) {
  Packer packer(family, name);
  int error = 0;
  if (settings.private_key)
    error |= nla_put(&packer.message(), WGDEVICE_A_PRIVATE_KEY, static_cast<int>(kKeyBytes),
                     settings.private_key->bytes().data());
  if (settings.listen_port)
    error |= nla_put_u16(&packer.message(), WGDEVICE_A_LISTEN_PORT, *settings.listen_port);
  if (settings.fwmark) error |= nla_put_u32(&packer.message(), WGDEVICE_A_FWMARK, *settings.fwmark);
  if (error != 0) return Error{ErrorCode::too_large, name + ": the device's settings do not fit a message"};
  for (const PeerDelta& peer : settings.peers) {
    const std::uint32_t update_only = WGPEER_F_UPDATE_ONLY;
    PeerNest nest{peer.public_key, peer.action == PeerAction::update ? update_only : 0, &peer, {}, 0};
    in_chunks(packer, 1, peer.add_allowed_ips, [&](std::span<const AllowedIp> part) {
      nest.prefixes = part;
      packer.add({nest});
      nest.settings = nullptr;
      nest.flags = update_only;
    });
  }
  return packer.finish();
}

Result<std::vector<Message>> encode_made_again(std::uint16_t family, const std::string& name,
                                               const PeerDelta& peer) {
  Packer packer(family, name);
  const PeerNest removed{peer.public_key, WGPEER_F_REMOVE_ME | WGPEER_F_UPDATE_ONLY, nullptr, {}, 0};
  PeerNest made{peer.public_key, 0, &peer, {}, 0};
  in_chunks(packer, 2, peer.add_allowed_ips, [&](std::span<const AllowedIp> part) {
    made.prefixes = part;
    packer.add(made.settings == nullptr ? std::vector{made} : std::vector{removed, made});
    made.settings = nullptr;
    made.flags = WGPEER_F_UPDATE_ONLY;
  });
  return packer.finish();
}

Result<std::vector<Message>> encode_removals(std::uint16_t family, const std::string& name,
                                             const std::vector<Removal>& removals, RemovalMethod method,
                                             const Key& throwaway) {
  Packer packer(family, name);
  if (method == RemovalMethod::theft) {
    std::vector<AllowedIp> stolen;  // from whom does not matter
    for (const Removal& removal : removals)
      stolen.insert(stolen.end(), removal.prefixes.begin(), removal.prefixes.end());
    in_chunks(packer, 2, stolen, [&](std::span<const AllowedIp> part) {
      packer.add({{throwaway, 0, nullptr, part, 0}, {throwaway, WGPEER_F_REMOVE_ME, nullptr, {}, 0}});
    });
    return packer.finish();
  }
  for (const Removal& removal : removals)
    in_chunks(packer, 1, removal.prefixes, [&](std::span<const AllowedIp> part) {
      packer.add({{removal.public_key, WGPEER_F_UPDATE_ONLY, nullptr, part, kAllowedIpRemoveMe}});
    });
  return packer.finish();
}

Result<std::vector<Message>> encode_peer_removals(std::uint16_t family, const std::string& name,
                                                  const std::vector<Key>& peers) {
  Packer packer(family, name);
  for (const Key& key : peers) packer.add({{key, WGPEER_F_REMOVE_ME | WGPEER_F_UPDATE_ONLY, nullptr, {}, 0}});
  return packer.finish();
}

}  // namespace wgospf::wg

#include "rib/socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wgospf::rib {

namespace {

constexpr int kReceiveBuffer = 8 * 1024 * 1024;
constexpr int kSendBuffer = 1024 * 1024;
constexpr int kDumpAttempts = 20;
/// Far more than a turn's notifications, some milliseconds' work; so that somebody who changes routes without
/// pause cannot keep the thread from its own.
constexpr int kDatagramsPerDrain = 4'096;
/// A filter has room for so many tables (BPF_MAXINSNS); of more nothing is filtered.
constexpr std::size_t kTablesFiltered = 500;

// Without CAP_NET_ADMIN in the first user namespace only the system's limit can be had, which is smaller and
// works.
void set_buffer(int descriptor, int forced, int plain, int size) {
  if (setsockopt(descriptor, SOL_SOCKET, forced, &size, sizeof(size)) == 0) return;
  setsockopt(descriptor, SOL_SOCKET, plain, &size, sizeof(size));
}

}  // namespace

Result<NetlinkSocket> NetlinkSocket::open() {
  const int descriptor = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (descriptor < 0) return failure("cannot open a netlink socket", errno);
  NetlinkSocket socket(descriptor);
  set_buffer(descriptor, SO_RCVBUFFORCE, SO_RCVBUF, kReceiveBuffer);
  set_buffer(descriptor, SO_SNDBUFFORCE, SO_SNDBUF, kSendBuffer);
  for (const int option : {NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK}) {
    const int on = 1;
    if (setsockopt(descriptor, SOL_NETLINK, option, &on, sizeof(on)) != 0) {
      return failure("cannot set option " + std::to_string(option) +
                         " of a netlink socket (Linux 5.3 or later is needed)",
                     errno);
    }
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return failure("cannot bind a netlink socket", errno);
  }
  socklen_t length = sizeof(address);
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return failure("cannot read the port of a netlink socket", errno);
  }
  socket.port_ = address.nl_pid;
  return socket;
}

NetlinkSocket::NetlinkSocket(NetlinkSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      port_(other.port_),
      sequence_(other.sequence_),
      buffer_(std::move(other.buffer_)) {}

NetlinkSocket& NetlinkSocket::operator=(NetlinkSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(port_, other.port_);
  std::swap(sequence_, other.sequence_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

NetlinkSocket::~NetlinkSocket() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::optional<Error> NetlinkSocket::subscribe(std::span<const int> groups) {
  for (const int group : groups) {
    if (setsockopt(descriptor_, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) != 0) {
      return failure("cannot join netlink group " + std::to_string(group), errno);
    }
  }
  return std::nullopt;
}

namespace {

/// A classic BPF program in the making. Numbers in a notification are in host order, where the filter loads
/// in network order.
class Filter {
 public:
  static constexpr std::uint32_t kDrop = 0, kPass = 0xffffffff;

  void add(int code, std::uint32_t k) { program_.push_back({static_cast<std::uint16_t>(code), 0, 0, k}); }
  void end(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict); }
  /// If what was loaded is `k` the next `skipped` instructions are left out.
  void skip_if(std::uint32_t k, std::size_t skipped) {
    program_.push_back({BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint8_t>(skipped), 0, k});
  }
  void end_unless(std::uint32_t k, std::uint32_t verdict) {
    skip_if(k, 1);
    end(verdict);
  }
  void end_if(std::uint32_t k, std::uint32_t verdict) {
    program_.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, k});
    end(verdict);
  }
  [[nodiscard]] std::vector<sock_filter>& program() { return program_; }

 private:
  std::vector<sock_filter> program_;
};

/// Of a route notification: passes it if it is of one of the tables.
void filter_tables(Filter& filter, const std::set<std::uint32_t>& tables) {
  constexpr std::uint32_t kTable = sizeof(nlmsghdr) + offsetof(rtmsg, rtm_table);
  constexpr std::uint32_t kAttributes = sizeof(nlmsghdr) + sizeof(rtmsg);
  filter.add(BPF_LD | BPF_B | BPF_ABS, kTable);
  for (const std::uint32_t table : tables) {
    if (table < 256) filter.end_if(table, Filter::kPass);
  }
  // Greater numbers stand in an attribute.
  filter.end_unless(RT_TABLE_COMPAT, Filter::kDrop);
  filter.add(BPF_LDX | BPF_IMM, RTA_TABLE);
  filter.add(BPF_LD | BPF_IMM, kAttributes);
  filter.add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_NLATTR));
  filter.end_if(0, Filter::kPass);
  filter.add(BPF_MISC | BPF_TAX, 0);
  filter.add(BPF_LD | BPF_W | BPF_IND, sizeof(nlattr));
  for (const std::uint32_t table : tables) filter.end_if(htonl(table), Filter::kPass);
  filter.end(Filter::kDrop);
}

}  // namespace

std::optional<Error> NetlinkSocket::filter(std::uint32_t but_for, const std::set<std::uint32_t>& tables) {
  Filter filter;
  filter.add(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_pid));
  filter.end_if(htonl(but_for), Filter::kDrop);
  if (tables.size() <= kTablesFiltered) {
    filter.add(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type));
    filter.skip_if(htons(RTM_NEWROUTE), 2);
    filter.end_unless(htons(RTM_DELROUTE), Filter::kPass);
    filter_tables(filter, tables);
  } else {
    filter.end(Filter::kPass);
  }
  auto& program = filter.program();
  const sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
  if (setsockopt(descriptor_, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached)) != 0) {
    return failure("cannot filter netlink notifications", errno);
  }
  return std::nullopt;
}

int NetlinkSocket::send(std::span<const std::byte> bytes) const {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  while (sendto(descriptor_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
                sizeof(kernel)) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

std::ptrdiff_t NetlinkSocket::receive(int flags) {
  while (true) {
    const ssize_t length = recv(descriptor_, buffer_.data(), buffer_.size(), flags);
    if (length >= 0) return length;
    if (errno == EAGAIN) return 0;
    if (errno != EINTR) return -errno;
  }
}

// The kernel executes all messages inside sendto, so all answers are there when it returns.
NetlinkSocket::Batch NetlinkSocket::execute(std::span<const Operation> operations,
                                            const RouteContext& context) {
  Batch batch{std::vector<Outcome>(operations.size()), false};
  if (operations.empty()) return batch;
  request_.clear();
  const std::uint32_t first = sequence_;
  sequence_ += static_cast<std::uint32_t>(operations.size());
  const std::uint32_t last = sequence_ - 1;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto sequence = first + static_cast<std::uint32_t>(i);
    encode(request_, operations[i], context, sequence, sequence == last ? NLM_F_ACK : 0);
  }
  if (const int error = send(request_.bytes()); error != 0) {
    for (Outcome& outcome : batch.outcomes) outcome = {error, "the batch could not be sent"};
    return batch;
  }
  bool answered = false;
  while (!answered) {
    const std::ptrdiff_t length = receive(MSG_DONTWAIT);
    if (length == 0) break;
    if (length < 0) {
      batch.lost = true;
      if (length != -ENOBUFS) break;
      continue;
    }
    for_each_message(std::span(buffer_).first(static_cast<std::size_t>(length)), [&](auto message) {
      auto reply = decode_reply(message);
      if (!reply || reply->sequence - first >= operations.size()) return;
      answered = answered || reply->sequence == last;
      batch.outcomes[reply->sequence - first] = std::move(reply->outcome);
    });
  }
  if (!answered) batch.lost = true;
  if (!batch.lost) return batch;
  for (Outcome& outcome : batch.outcomes) {
    if (outcome.error == 0) outcome.unknown = true;
  }
  return batch;
}

Result<std::vector<Message>> NetlinkSocket::dump(const std::function<void(MessageBuffer&)>& request) {
  std::vector<Message> messages;
  const Reader reader{[&messages] { messages.clear(); },
                      [&messages](Message&& message) { messages.push_back(std::move(message)); }};
  if (auto error = read(request, reader)) return *error;
  return messages;
}

std::optional<Error> NetlinkSocket::read(const std::function<void(MessageBuffer&)>& request,
                                         const Reader& reader) {
  MessageBuffer buffer;
  request(buffer);
  std::vector<std::byte> bytes(buffer.bytes().begin(), buffer.bytes().end());
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    const std::uint32_t sequence = sequence_++;
    std::memcpy(bytes.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof(sequence));
    reader.begin();
    std::string text;
    const int error = dump_once(bytes, sequence, reader, text);
    if (error == 0) return std::nullopt;
    if (error == ENOENT || error == EOPNOTSUPP || error == EAFNOSUPPORT) {
      reader.begin();
      return std::nullopt;
    }
    if (error > 0 && error != ENOBUFS && error != EBUSY) {
      return failure("cannot read the kernel's state" + (text.empty() ? "" : " (" + text + ")"), error);
    }
  }
  return Error{EAGAIN, "the kernel's state changes too fast to be read; it is tried again"};
}

int NetlinkSocket::dump_once(std::span<const std::byte> request, std::uint32_t sequence, const Reader& reader,
                             std::string& text) {
  if (const int error = send(request); error != 0) return error;
  bool interrupted = false;
  std::optional<int> result;
  while (!result) {
    const std::ptrdiff_t length = receive(0);
    if (length < 0) return static_cast<int>(-length);
    for_each_message(std::span(buffer_).first(static_cast<std::size_t>(length)), [&](auto message) {
      if (message_sequence(message) != sequence) return;
      interrupted = interrupted || (message_flags(message) & NLM_F_DUMP_INTR) != 0;
      if (message_type(message) == NLMSG_DONE) {
        std::int32_t code = 0;
        if (message.size() >= sizeof(nlmsghdr) + sizeof(code)) {
          std::memcpy(&code, message.data() + sizeof(nlmsghdr), sizeof(code));
        }
        result = -code;
      } else if (auto reply = decode_reply(message)) {
        result = reply->outcome.error;
        text = reply->outcome.text;
      } else if (auto decoded = decode(message)) {
        reader.visit(std::move(*decoded));
      }
    });
  }
  return *result == 0 && interrupted ? -1 : *result;
}

NetlinkSocket::Drained NetlinkSocket::drain(const std::function<void(Message)>& visit) {
  for (int datagrams = 0; datagrams < kDatagramsPerDrain; ++datagrams) {
    const std::ptrdiff_t length = receive(MSG_DONTWAIT);
    if (length == 0) return Drained::all;
    if (length < 0) return Drained::lost;
    for_each_message(std::span(buffer_).first(static_cast<std::size_t>(length)), [&](auto message) {
      if (auto decoded = decode(message)) visit(std::move(*decoded));
    });
  }
  return Drained::more;
}

}  // namespace wgospf::rib

#include "wgadapter/netlink.h"

#include <linux/genetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace wgospf::wg {
namespace {

/// The kernel cuts dumps to 32 KiB, notifications of one link are far smaller.
constexpr std::size_t kBufferBytes = 128 << 10;

const char* extended_error(const nlmsghdr& message) {
  const auto* error = static_cast<const nlmsgerr*>(nlmsg_data(&message));
  if ((message.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return nullptr;
  std::size_t skip = sizeof(nlmsgerr);
  if ((message.nlmsg_flags & NLM_F_CAPPED) == 0 && error->error != 0)
    skip += std::max<std::size_t>(error->msg.nlmsg_len, NLMSG_HDRLEN) - NLMSG_HDRLEN;
  skip = NLMSG_ALIGN(skip);
  const std::size_t length = message.nlmsg_len - NLMSG_HDRLEN;
  if (length <= skip) return nullptr;
  auto* head = reinterpret_cast<nlattr*>(static_cast<char*>(nlmsg_data(&message)) + skip);
  const nlattr* text = nla_find(head, static_cast<int>(length - skip), NLMSGERR_ATTR_MSG);
  if (text == nullptr || nla_len(text) < 1) return nullptr;
  const char* data = static_cast<const char*>(nla_data(text));
  return data[nla_len(text) - 1] == '\0' ? data : nullptr;
}

}  // namespace

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

NetlinkSocket::NetlinkSocket(int fd, std::string place)
    : fd_(fd), place_(std::move(place)), buffer_(kBufferBytes) {}

NetlinkSocket::NetlinkSocket(NetlinkSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      place_(std::move(other.place_)),
      sequence_(other.sequence_),
      buffer_(std::move(other.buffer_)) {}

NetlinkSocket& NetlinkSocket::operator=(NetlinkSocket&& other) noexcept {
  if (this == &other) return *this;
  if (fd_ >= 0) ::close(fd_);
  fd_ = std::exchange(other.fd_, -1);
  place_ = std::move(other.place_);
  sequence_ = other.sequence_;
  buffer_ = std::move(other.buffer_);
  return *this;
}

NetlinkSocket::~NetlinkSocket() {
  if (fd_ >= 0) ::close(fd_);
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol, std::string place, int receive_buffer) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) return system_error(errno, place + ": cannot open a netlink socket");
  NetlinkSocket socket(fd, std::move(place));
  sockaddr_nl self{};
  self.nl_family = AF_NETLINK;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&self), sizeof(self)) != 0)
    return system_error(errno, socket.place_ + ": cannot bind a netlink socket");
  const int on = 1;
  (void)::setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
  (void)::setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof(receive_buffer)) != 0)
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  return socket;
}

Result<void> NetlinkSocket::subscribe(int group) {
  if (::setsockopt(fd_, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0) return {};
  return system_error(errno, place_ + ": cannot subscribe to netlink group " + std::to_string(group));
}

Result<std::optional<std::span<const std::byte>>> NetlinkSocket::receive() {
  for (;;) {
    sockaddr_nl from{};
    iovec data{buffer_.data(), buffer_.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof(from);
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    const ssize_t got = ::recvmsg(fd_, &message, MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return std::optional<std::span<const std::byte>>{};
      return system_error(errno, place_ + ": cannot read from netlink");
    }
    if (from.nl_pid != 0) continue;  // only the kernel is believed
    if ((message.msg_flags & MSG_TRUNC) != 0)
      return Error{ErrorCode::malformed, place_ + ": a netlink message exceeds " +
                                             std::to_string(buffer_.size()) + " bytes; please report it"};
    return std::optional(std::span<const std::byte>(buffer_).first(static_cast<std::size_t>(got)));
  }
}

Result<void> NetlinkSocket::wait(Deadline deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return Error{ErrorCode::timed_out,
                   place_ + ": the kernel did not answer in time; it is asked again later", ETIMEDOUT};
    pollfd ready{fd_, POLLIN, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::min<long long>(left.count(), 60'000)));
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return system_error(errno, place_ + ": cannot wait for netlink");
  }
}

Result<bool> NetlinkSocket::consume(std::span<const std::byte> data, std::uint32_t sequence,
                                    bool& interrupted, const Handler& handler) {
  Result<void> outcome;
  bool finished = false;
  const bool whole = for_each_message(data, [&](const nlmsghdr& message) {
    if (message.nlmsg_seq != sequence || finished || !outcome) return;  // of a request that timed out
    if ((message.nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
    if (message.nlmsg_type == NLMSG_DONE || message.nlmsg_type == NLMSG_ERROR) {
      finished = true;
      int error = 0;  // NLMSG_DONE, too, may carry one
      if (message.nlmsg_len >= NLMSG_HDRLEN + sizeof(int))
        std::memcpy(&error, nlmsg_data(&message), sizeof(int));
      if (error >= 0) return;
      std::string text = place_ + ": the kernel refused";
      if (message.nlmsg_type == NLMSG_ERROR && message.nlmsg_len >= NLMSG_HDRLEN + sizeof(nlmsgerr))
        if (const char* why = extended_error(message)) text += std::string(" (") + why + ")";
      outcome = system_error(-error, text);
      return;
    }
    if (message.nlmsg_type >= NLMSG_MIN_TYPE) outcome = handler(message);
  });
  if (!outcome) return outcome.error();
  if (!whole) return Error{ErrorCode::malformed, place_ + ": a netlink message from the kernel is cut short"};
  return finished;
}

Result<void> NetlinkSocket::transact(nl_msg& request, Deadline deadline, const Handler& handler) {
  nlmsghdr* header = nlmsg_hdr(&request);
  header->nlmsg_seq = ++sequence_;
  header->nlmsg_pid = 0;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd_, header, header->nlmsg_len, 0, reinterpret_cast<const sockaddr*>(&kernel),
               sizeof(kernel)) < 0)
    return system_error(errno, place_ + ": cannot send to netlink");
  bool interrupted = false;
  for (;;) {
    auto data = receive();
    if (!data) return data.error();
    if (!*data) {
      if (auto ready = wait(deadline); !ready) return ready;
      continue;
    }
    auto finished = consume(**data, sequence_, interrupted, handler);
    explicit_bzero(buffer_.data(), (*data)->size());
    if (!finished) return finished.error();
    if (!*finished) continue;
    if (interrupted)
      return Error{ErrorCode::interrupted, place_ + ": changed while it was being read", EINTR};
    return {};
  }
}

bool for_each_message(std::span<const std::byte> data, const std::function<void(const nlmsghdr&)>& handler) {
  const auto* header = reinterpret_cast<const nlmsghdr*>(data.data());
  int left = static_cast<int>(data.size());
  while (nlmsg_ok(header, left) != 0) {
    handler(*header);
    header = nlmsg_next(const_cast<nlmsghdr*>(header), &left);
  }
  return left <= 0;
}

}  // namespace wgospf::wg

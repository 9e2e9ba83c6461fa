// The socket of a userspace device. Every exchange has a connection of its own: a device closes a connection
// on an operation it does not know, and one left open would keep it from ending in order.

#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "wgadapter/device_backend.h"
#include "wgadapter/plan.h"
#include "wgadapter/uapi.h"

namespace wgospf::wg {
namespace {

using Deadline = std::chrono::steady_clock::time_point;
/// Beyond any device: 361 kB are a thousand peers.
constexpr std::size_t kMaxAnswer = 256U << 20;

/// One connection to a device's socket; all waiting ends at the deadline.
class Connection {
 public:
  Connection(std::string name, Deadline deadline) : name_(std::move(name)), deadline_(deadline) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }

  Result<void> connect(const std::string& path);
  Result<void> send(std::string_view request);
  /// Up to and without the empty line.
  Result<SecretText> receive();

 private:
  Error timed_out() const {
    return {ErrorCode::timed_out,
            name_ + ": the device does not answer on its control socket; is its program stuck?", ETIMEDOUT};
  }
  [[nodiscard]] int left_ms() const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<long long>(left.count(), 0, 60'000));
  }
  Result<void> wait(short events);

  std::string name_;
  Deadline deadline_;
  int fd_ = -1;
};

Result<void> Connection::connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    return Error{ErrorCode::invalid,
                 name_ + ": the socket path " + path + " is too long; use a shorter directory"};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return system_error(errno, name_ + ": cannot open a socket");
  while (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    switch (errno) {
      case EINTR:
        continue;
      case EAGAIN:  // the device has not accepted earlier callers yet, and poll cannot tell when it will
        if (left_ms() == 0) return timed_out();
        ::poll(nullptr, 0, std::min(left_ms(), 2));
        continue;
      case ENOENT:
        return Error{ErrorCode::not_found,
                     name_ + ": no userspace WireGuard device has its socket at " + path +
                         "; start wireguard-go " + name_ + " in this mount namespace",
                     ENOENT};
      case ECONNREFUSED:
        return Error{ErrorCode::not_found,
                     name_ + ": nobody listens at " + path + ", its program has ended; start it again",
                     ECONNREFUSED};
      default:
        return system_error(errno, name_ + ": cannot connect to " + path);
    }
  }
  return {};
}

Result<void> Connection::wait(short events) {
  for (;;) {
    const int left = left_ms();
    if (left == 0) return timed_out();
    pollfd ready{fd_, events, 0};
    const int count = ::poll(&ready, 1, left);
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return system_error(errno, name_ + ": cannot wait for the device");
  }
}

Result<void> Connection::send(std::string_view request) {
  while (!request.empty()) {
    const ssize_t sent = ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      request.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (auto ready = wait(POLLOUT); !ready) return ready;
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return {};  // the device has said why before it hung up, perhaps: read that
    } else if (errno != EINTR) {
      return system_error(errno, name_ + ": cannot write to the device");
    }
  }
  return {};
}

Result<SecretText> Connection::receive() {
  SecretText answer;
  std::size_t have = 0;
  for (;;) {
    if (have == answer.size()) answer.resize(std::max<std::size_t>(16384, 2 * have));
    const ssize_t got = ::recv(fd_, answer.data() + have, answer.size() - have, MSG_DONTWAIT);
    if (got > 0) {
      const std::size_t from = have == 0 ? 0 : have - 1;
      have += static_cast<std::size_t>(got);
      const std::size_t end = std::string_view(answer.data(), have).find("\n\n", from);
      if (end != std::string_view::npos) {
        answer.resize(end + 1);
        return answer;
      }
      if (have > kMaxAnswer)
        return Error{ErrorCode::malformed, name_ + ": the device's answer does not end; is this its socket?"};
    } else if (got == 0 || errno == ECONNRESET) {
      return Error{ErrorCode::malformed,
                   name_ + ": the device hung up before its answer ended; its program ended or is too old"};
    } else if (errno == EAGAIN) {
      if (auto ready = wait(POLLIN); !ready) return ready.error();
    } else if (errno != EINTR) {
      return system_error(errno, name_ + ": cannot read from the device");
    }
  }
}

class UserspaceBackend final : public DeviceBackend {
 public:
  explicit UserspaceBackend(DeviceOptions options) : options_(std::move(options)) {}

  [[nodiscard]] BackendKind kind() const override { return BackendKind::userspace; }
  [[nodiscard]] Result<Device> read(const std::string& name) override {
    return read(name, std::chrono::steady_clock::now() + options_.timeout);
  }
  [[nodiscard]] Result<Device> apply(const Device& now, const DeviceDelta& delta) override;
  [[nodiscard]] Result<bool> renew(const std::string& name, const Renewal& renewal) override;

 private:
  Result<Device> read(const std::string& name, Deadline deadline);
  Result<SecretText> exchange(const std::string& name, std::string_view request, Deadline deadline);
  /// The errno that the device answers, 0 for success.
  Result<int> set(const std::string& name, const std::vector<UapiBlock>& blocks, Deadline deadline);
  Result<void> set_or_explain(const std::string& name, const std::vector<UapiBlock>& blocks,
                              Deadline deadline);
  Result<void> remove(const std::string& name, const std::vector<Removal>& removals, Deadline deadline);

  DeviceOptions options_;
  std::map<std::string, bool> knows_removal_;  ///< By device name: whether "allowed_ip=-PREFIX" was accepted
};

Result<SecretText> UserspaceBackend::exchange(const std::string& name, std::string_view request,
                                              Deadline deadline) {
  if (name.empty() || name.size() >= IFNAMSIZ || name.find('/') != std::string::npos)
    return Error{ErrorCode::invalid, "'" + name + "' is no interface name: 1 to 15 characters without '/'"};
  Connection connection(name, deadline);
  if (auto done = connection.connect(options_.socket_directory + '/' + name + ".sock"); !done)
    return done.error();
  if (auto done = connection.send(request); !done) return done.error();
  return connection.receive();
}

Result<Device> UserspaceBackend::read(const std::string& name, Deadline deadline) {
  auto answer = exchange(name, "get=1\n\n", deadline);
  if (!answer) return answer.error();
  auto device = parse_uapi_device(*answer, name);
  if (!device) return device;
  device->ifindex = ::if_nametoindex(name.c_str());
  if (device->ifindex == 0)
    return Error{ErrorCode::not_found,
                 name +
                     " has a control socket, but no interface in this network namespace; "
                     "names must be unique among all that share " +
                     options_.socket_directory};
  return device;
}

Result<int> UserspaceBackend::set(const std::string& name, const std::vector<UapiBlock>& blocks,
                                  Deadline deadline) {
  auto answer = exchange(name, make_uapi_request(blocks), deadline);
  if (!answer) return answer.error();
  return parse_uapi_errno(*answer, name);
}

Result<void> UserspaceBackend::set_or_explain(const std::string& name, const std::vector<UapiBlock>& blocks,
                                              Deadline deadline) {
  if (blocks.empty()) return {};
  auto code = set(name, blocks, deadline);
  if (!code) return code.error();
  if (*code == 0) return {};
  // The answer does not say which line it is. Lines are harmless when repeated: send them one by one.
  const auto refused = [&](std::string_view line, int number) {
    Error error = system_error(number, name + ": the device refuses \"" + printable_uapi_line(line) + '"');
    error.code = ErrorCode::rejected;
    return error;
  };
  for (const UapiBlock& block : blocks) {
    const std::size_t count = std::max<std::size_t>(1, block.lines.size());
    for (std::size_t i = 0; i < count; ++i) {
      UapiBlock one{block.head, {}};
      if (i < block.lines.size()) one.lines.push_back(block.lines[i]);
      auto again = set(name, {one}, deadline);
      if (!again) return again.error();
      if (*again != 0)
        return refused(one.lines.empty() ? std::string_view(one.head) : one.lines.front(), *again);
    }
  }
  return {};  // refused together, accepted one by one: the reading afterwards tells what holds
}

Result<void> UserspaceBackend::remove(const std::string& name, const std::vector<Removal>& removals,
                                      Deadline deadline) {
  if (removals.empty()) return {};
  const auto known = knows_removal_.find(name);
  if (known == knows_removal_.end() || known->second) {
    auto code = set(name, encode_uapi_removals(removals), deadline);
    if (!code) return code.error();
    knows_removal_[name] = *code == 0;
    if (*code == 0) return {};
  }
  const Key throwaway = SecretKey::generate().public_key();
  auto code = set(name, encode_uapi_removals_by_theft(removals, throwaway), deadline);
  if (code && *code == 0) return {};
  (void)set(name, encode_uapi_peer_removals({throwaway}), deadline);
  if (!code) return code.error();
  Error error = system_error(*code, name + ": the device refuses to remove allowed-ips");
  error.code = ErrorCode::rejected;
  return error;
}

Result<Device> UserspaceBackend::apply(const Device& now, const DeviceDelta& delta) {
  const Deadline deadline = std::chrono::steady_clock::now() + options_.timeout;
  const std::string& name = now.name;
  auto plan = make_plan(now, delta);
  if (!plan) return plan.error();
  if (plan->empty()) return now;
  if (auto done = set_or_explain(name, encode_uapi_settings(plan->settings), deadline); !done)
    return done.error();
  if (auto done = remove(name, plan->removals, deadline); !done) return done.error();
  if (auto done = set_or_explain(name, encode_uapi_peer_removals(plan->removed_peers), deadline); !done)
    return done.error();
  if (delta.takes_nothing_unseen && is_allowed_ips_alone(delta)) return carried_out(now, *plan);
  auto after = read(name, deadline);
  if (!after) return after;
  if (auto done = verify(*after, delta); !done) return done.error();
  return after;
}

Result<bool> UserspaceBackend::renew(const std::string& name, const Renewal& renewal) {
  const Deadline deadline = std::chrono::steady_clock::now() + options_.timeout;
  auto answer = exchange(name, "get=1\n\n", deadline);
  if (!answer) return answer.error();
  const auto device = parse_uapi_device(*answer, name);
  if (!device) return device.error();
  const auto delta = made_again(*device, renewal, preshared_key_in(*answer, renewal.peer));
  if (!delta) return false;
  auto blocks = encode_uapi_peer_removals({renewal.peer});
  const auto made = encode_uapi_settings(*delta);
  blocks.insert(blocks.end(), made.begin(), made.end());
  const auto code = set(name, blocks, deadline);
  if (code && *code == 0) return true;
  // Whatever it was: the peer must be there.
  auto done = set_or_explain(name, made, std::chrono::steady_clock::now() + options_.timeout);
  if (done) return true;
  return Error{ErrorCode::rejected,
               "peer " + renewal.peer.to_base64() + " is gone from " + done.error().text};
}

}  // namespace

std::unique_ptr<DeviceBackend> open_userspace_backend(DeviceOptions options) {
  return std::make_unique<UserspaceBackend>(std::move(options));
}

}  // namespace wgospf::wg

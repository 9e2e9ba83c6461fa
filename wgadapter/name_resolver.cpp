#include "wgadapter/name_resolver.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>

namespace wgospf::wg {

namespace {

using std::chrono::seconds;

constexpr const char* kResolvConf = "/etc/resolv.conf";
constexpr int kTries = 2;

/// What tells one /etc/resolv.conf from another.
using FileState = std::tuple<std::int64_t, std::int64_t, std::uint64_t, std::int64_t>;
FileState state_of(const char* path) {
  struct stat status {};
  if (::stat(path, &status) != 0) return {};
  return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ino, status.st_size};
}

std::optional<Endpoint> endpoint_of(const sockaddr* address, std::uint16_t port) {
  Endpoint endpoint;
  endpoint.port = port;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof(v4));
    endpoint.address = Ipv4Address{ntohl(v4.sin_addr.s_addr)};
  } else if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof(v6));
    Ipv6Address bytes;
    std::memcpy(bytes.bytes.data(), &v6.sin6_addr, bytes.bytes.size());
    endpoint.address = bytes;
  } else {
    return std::nullopt;
  }
  return is_remote_unicast(endpoint.address) ? std::optional(endpoint) : std::nullopt;
}

/// Bytes of a DNS message; past its end there are none.
class DnsMessage {
 public:
  explicit DnsMessage(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  [[nodiscard]] bool is_good() const { return is_good_; }
  std::uint16_t u16() {
    if (!has(2)) return 0;
    const auto value = static_cast<std::uint16_t>(bytes_[at_] << 8 | bytes_[at_ + 1]);
    at_ += 2;
    return value;
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  void skip(std::size_t count) {
    if (has(count)) at_ += count;
  }
  [[nodiscard]] std::size_t at() const { return at_; }
  void go_to(std::size_t at) {
    is_good_ = is_good_ && at <= bytes_.size();
    at_ = at;
  }
  /// Compressed names are followed (RFC 1035 section 4.1.4); "." is empty.
  std::string name() {
    if (!has(1)) return {};
    char* text = nullptr;
    long length = 0;
    const auto* begin = bytes_.data();
    if (ares_expand_name(begin + at_, begin, static_cast<int>(bytes_.size()), &text, &length) !=
        ARES_SUCCESS) {
      is_good_ = false;
      return {};
    }
    std::string result(text);
    ares_free_string(text);
    skip(static_cast<std::size_t>(length));
    return result;
  }

 private:
  bool has(std::size_t count) {
    is_good_ = is_good_ && at_ <= bytes_.size() && count <= bytes_.size() - at_;
    return is_good_;
  }
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool is_good_ = true;
};

seconds ttl_of(std::int64_t value) {
  return std::clamp(seconds{value}, NameResolver::kTtlLeast, NameResolver::kTtlMost);
}

}  // namespace

ServiceTargets parse_service_answer(std::span<const std::uint8_t> bytes) {
  ServiceTargets found;
  DnsMessage message(bytes);
  message.skip(4);
  const auto questions = message.u16(), answers = message.u16();
  message.skip(4);
  for (unsigned i = 0; i < questions && message.is_good(); ++i) {
    (void)message.name();
    message.skip(4);
  }
  for (unsigned i = 0; i < answers && message.is_good(); ++i) {
    (void)message.name();
    const auto type = message.u16();
    const auto in_class = message.u16();
    const auto ttl = message.u32();
    const auto length = message.u16();
    const auto begin = message.at();
    if (type == ns_t_srv && in_class == ns_c_in) {
      ServiceTarget target;
      target.priority = message.u16();
      target.weight = message.u16();
      target.port = message.u16();
      target.name = message.name();
      if (!message.is_good()) break;
      // RFC 2181 section 8: a TTL with its first bit set is 0.
      found.ttl = std::min(found.ttl, ttl_of(ttl > 0x7fffffffU ? 0 : ttl));
      if (target.port != 0 && is_domain_name(target.name)) found.targets.push_back(std::move(target));
    }
    message.go_to(begin + length);
  }
  if (!message.is_good()) return {};
  std::stable_sort(found.targets.begin(), found.targets.end(), [](const auto& one, const auto& other) {
    return std::tuple(one.priority, -one.weight) < std::tuple(other.priority, -other.weight);
  });
  if (found.targets.size() > NameResolver::kTargetsMost) found.targets.resize(NameResolver::kTargetsMost);
  return found;
}

class NameResolver::Worker {
 public:
  explicit Worker(Callback callback)
      : callback_(std::move(callback)),
        wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        thread_([this] { run(); }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    wake();
    thread_.join();
    if (wake_ >= 0) ::close(wake_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void ask(std::uint64_t ticket, EndpointName name) {
    {
      const std::lock_guard lock(mutex_);
      inbox_.emplace_back(ticket, std::move(name));
    }
    wake();
  }

 private:
  /// One name that was asked for; what it stands for may be several.
  struct Query {
    Worker& worker;
    std::uint64_t ticket = 0;
    EndpointName name{};
    std::vector<std::vector<Endpoint>> found{};  ///< of each target
    seconds ttl{kTtlMost};
    std::string error{};
    std::size_t open = 0;  ///< lookups of addresses that are under way
  };
  struct Lookup {
    Query* query;
    std::size_t target;
    std::uint16_t port;
  };

  void wake() const {
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof(one));
  }
  [[nodiscard]] bool take_inbox() {
    const std::lock_guard lock(mutex_);
    std::move(inbox_.begin(), inbox_.end(), std::back_inserter(waiting_));
    inbox_.clear();
    return !is_ending_;
  }

  void run();
  void wait();
  [[nodiscard]] std::string open_channel();
  void begin(std::uint64_t ticket, EndpointName name);
  void look_up(Query& query, std::size_t target, const std::string& host, std::uint16_t port);
  void end(Query& query);
  static void on_addresses(void* argument, int status, int timeouts, ares_addrinfo* result);
  static void on_service(void* argument, int status, int timeouts, unsigned char* answer, int length);

  const Callback callback_;
  const int wake_;
  std::mutex mutex_;
  std::vector<std::pair<std::uint64_t, EndpointName>> inbox_;
  bool is_ending_ = false;

  // The thread's own.
  std::deque<std::pair<std::uint64_t, EndpointName>> waiting_;
  ares_channel channel_ = nullptr;
  FileState channel_of_{};
  std::size_t under_way_ = 0;
  std::thread thread_;  ///< last: it uses the others
};

void NameResolver::Worker::run() {
  while (take_inbox()) {
    while (!waiting_.empty() && under_way_ < kAtOnce) {
      auto [ticket, name] = std::move(waiting_.front());
      waiting_.pop_front();
      begin(ticket, std::move(name));
    }
    wait();
  }
  if (channel_ != nullptr) ares_destroy(channel_);  // queries are freed by their callbacks
}

/// Until there is something to read, a query is to be sent again, or somebody asks.
void NameResolver::Worker::wait() {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  const int mask = channel_ == nullptr ? 0 : ares_getsock(channel_, sockets.data(), ARES_GETSOCK_MAXNUM);
  std::vector<pollfd> fds{{wake_, POLLIN, 0}};
  for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
    short events = 0;
    if (ARES_GETSOCK_READABLE(mask, i)) events |= POLLIN;
    if (ARES_GETSOCK_WRITABLE(mask, i)) events |= POLLOUT;
    if (events != 0) fds.push_back({sockets[static_cast<std::size_t>(i)], events, 0});
  }
  int timeout = -1;
  timeval left{};
  if (channel_ != nullptr)
    if (const timeval* next = ares_timeout(channel_, nullptr, &left); next != nullptr)
      timeout = static_cast<int>(next->tv_sec * 1000 + next->tv_usec / 1000 + 1);
  (void)::poll(fds.data(), fds.size(), timeout);
  std::uint64_t count = 0;
  (void)!::read(wake_, &count, sizeof(count));
  if (channel_ == nullptr) return;
  for (std::size_t i = 1; i < fds.size(); ++i) {
    const bool is_readable = (fds[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
    const bool is_writable = (fds[i].revents & POLLOUT) != 0;
    if (is_readable || is_writable)
      ares_process_fd(channel_, is_readable ? fds[i].fd : ARES_SOCKET_BAD,
                      is_writable ? fds[i].fd : ARES_SOCKET_BAD);
  }
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what is late
}

/// The servers are those of the file as it is now; what goes wrong.
std::string NameResolver::Worker::open_channel() {
  const auto state = state_of(kResolvConf);
  if (channel_ != nullptr && (state == channel_of_ || under_way_ != 0)) return {};
  if (channel_ != nullptr) ares_destroy(std::exchange(channel_, nullptr));
  ares_options options{};
  options.timeout = static_cast<int>(kTimeout.count());
  options.tries = kTries;
  const int status = ares_init_options(&channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
  if (status == ARES_SUCCESS) {
    channel_of_ = state;
    return {};
  }
  channel_ = nullptr;
  return ares_strerror(status);
}

void NameResolver::Worker::begin(std::uint64_t ticket, EndpointName name) {
  if (auto error = open_channel(); !error.empty())
    return callback_({ticket, {}, kTtlLeast, std::move(error)});
  auto* query = new Query{*this, ticket, std::move(name)};  // until end()
  ++under_way_;
  ++query->open;
  if (query->name.kind == EndpointName::Kind::service) {
    ares_search(channel_, query->name.name.c_str(), ns_c_in, ns_t_srv, on_service, query);
    return;
  }
  query->found.emplace_back();
  look_up(*query, 0, query->name.name, query->name.port);
}

/// Counted in Query::open already.
void NameResolver::Worker::look_up(Query& query, std::size_t target, const std::string& host,
                                   std::uint16_t port) {
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, on_addresses, new Lookup{&query, target, port});
}

void NameResolver::Worker::on_addresses(void* argument, int status, int /*timeouts*/, ares_addrinfo* result) {
  const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(argument));
  Query& query = *lookup->query;
  if (status != ARES_SUCCESS) query.error = ares_strerror(status);
  auto& found = query.found[lookup->target];
  const ares_addrinfo_node* node = result == nullptr ? nullptr : result->nodes;
  for (; node != nullptr; node = node->ai_next) {
    if (found.size() >= kAddressesMost) break;
    const auto endpoint = endpoint_of(node->ai_addr, lookup->port);
    if (!endpoint) {
      query.error = "an address in the answer is none that a host elsewhere can have";
      continue;
    }
    query.ttl = std::min(query.ttl, ttl_of(node->ai_ttl));
    if (std::find(found.begin(), found.end(), *endpoint) == found.end()) found.push_back(*endpoint);
  }
  if (result != nullptr) ares_freeaddrinfo(result);
  query.worker.end(query);
}

void NameResolver::Worker::on_service(void* argument, int status, int /*timeouts*/, unsigned char* answer,
                                      int length) {
  Query& query = *static_cast<Query*>(argument);
  if (status == ARES_EDESTRUCTION) return query.worker.end(query);
  if (status != ARES_SUCCESS || answer == nullptr || length <= 0) {
    query.error = ares_strerror(status);
    return query.worker.end(query);
  }
  const auto service = parse_service_answer({answer, static_cast<std::size_t>(length)});
  query.ttl = service.ttl;
  query.found.resize(service.targets.size());
  query.open += service.targets.size();
  if (service.targets.empty()) query.error = "the answer names no target";
  for (std::size_t i = 0; i < service.targets.size(); ++i)
    query.worker.look_up(query, i, service.targets[i].name, service.targets[i].port);
  query.worker.end(query);
}

void NameResolver::Worker::end(Query& query) {
  if (--query.open != 0) return;
  --under_way_;
  NameAnswer answer{query.ticket, {}, query.ttl, std::move(query.error)};
  for (const auto& of_target : query.found)
    for (const auto& endpoint : of_target)
      if (answer.endpoints.size() < kAddressesMost) answer.endpoints.push_back(endpoint);
  if (answer.endpoints.empty() && answer.error.empty()) answer.error = "it has no address";
  if (answer.endpoints.empty()) answer.ttl = kTtlLeast;
  const std::unique_ptr<Query> freed(&query);
  bool is_ending = false;
  {
    const std::lock_guard lock(mutex_);
    is_ending = is_ending_;
  }
  if (!is_ending) callback_(std::move(answer));
}

NameResolver::NameResolver(Callback callback) : worker_(std::make_unique<Worker>(std::move(callback))) {}
NameResolver::~NameResolver() = default;

void NameResolver::ask(std::uint64_t ticket, EndpointName name) {
  worker_->ask(ticket, std::move(name));
}

}  // namespace wgospf::wg

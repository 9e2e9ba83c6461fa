#include "rib/socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <utility>

namespace wgospf::rib {

namespace {

constexpr int kReceiveBuffer = 8 * 1024 * 1024;
constexpr int kSendBuffer = 1024 * 1024;
constexpr int kDumpAttempts = 20;
/// The kernel answers at once, but for somebody's bulk change that it waits for.
constexpr std::chrono::seconds kDumpTimeout{60};
/// Far more than a turn's notifications, some milliseconds' work; so that somebody who changes routes without
/// pause cannot keep the thread from its own.
constexpr int kDatagramsPerDrain = 4'096;
/// A filter has room for so many tables (BPF_MAXINSNS); of more nothing is filtered.
constexpr std::size_t kTablesFiltered = 500;

}  // namespace

Result<RouteSocket> RouteSocket::open() {
  auto socket = netlink::Socket::open({.place = "the kernel's routes",
                                       .receive_buffer = kReceiveBuffer,
                                       .send_buffer = kSendBuffer,
                                       .is_strict = true});
  if (!socket) return socket.error();
  return RouteSocket(*std::move(socket));
}

std::optional<Error> RouteSocket::subscribe(std::span<const int> groups) {
  const auto done = socket_.subscribe(groups);
  return done ? std::nullopt : std::optional(done.error());
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
  [[nodiscard]] const std::vector<sock_filter>& program() const { return program_; }

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

std::optional<Error> RouteSocket::filter(std::uint32_t but_for, const std::set<std::uint32_t>& tables) {
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
  const auto done = socket_.attach(filter.program());
  return done ? std::nullopt : std::optional(done.error());
}

// The kernel executes all messages inside sendto, so all answers are there when it returns.
RouteSocket::Batch RouteSocket::execute(std::span<const Operation> operations, const RouteContext& context) {
  Batch batch{std::vector<Outcome>(operations.size()), false};
  if (operations.empty()) return batch;
  request_.clear();
  const auto count = static_cast<std::uint32_t>(operations.size());
  const std::uint32_t first = socket_.take_sequences(count);
  for (std::uint32_t i = 0; i < count; ++i)
    encode(request_, operations[i], context, first + i, i + 1 == count ? NLM_F_ACK : 0);
  if (const int error = socket_.send(request_.bytes()); error != 0) {
    for (Outcome& outcome : batch.outcomes) outcome = {error, "the batch could not be sent"};
    return batch;
  }
  batch.lost = !take_outcomes(first, batch.outcomes);
  for (Outcome& outcome : batch.outcomes) outcome.unknown = batch.lost && outcome.error == 0;
  return batch;
}

bool RouteSocket::take_outcomes(std::uint32_t first, std::vector<Outcome>& outcomes) {
  bool lost = false;
  for (bool answered = false; !answered;) {
    const auto received = socket_.receive();
    if (received.error == ENOBUFS) {
      lost = true;
      continue;
    }
    if (received.bytes.empty()) return false;
    netlink::for_each_message(received.bytes, [&](netlink::Bytes message) {
      auto reply = netlink::decode_reply(message);
      if (!reply || reply->sequence - first >= outcomes.size()) return;
      answered = answered || reply->sequence - first == outcomes.size() - 1;
      outcomes[reply->sequence - first] = {reply->error, std::move(reply->text)};
    });
  }
  return !lost;
}

std::optional<Error> RouteSocket::change(const PolicyRule& rule, RuleChange change) {
  MessageBuffer buffer;
  encode_rule_change(buffer, rule, change);
  const auto done = socket_.request(buffer.bytes(), std::chrono::steady_clock::now() + kDumpTimeout,
                                    [](netlink::Bytes) { return Result<void>(); });
  return done ? std::nullopt : std::optional(done.error());
}

Result<std::vector<Message>> RouteSocket::dump(const std::function<void(MessageBuffer&)>& request) {
  std::vector<Message> messages;
  const Reader reader{[&messages] { messages.clear(); },
                      [&messages](Message&& message) { messages.push_back(std::move(message)); }};
  if (auto error = read(request, reader)) return *error;
  return messages;
}

std::optional<Error> RouteSocket::read(const std::function<void(MessageBuffer&)>& request,
                                       const Reader& reader) {
  MessageBuffer buffer;
  request(buffer);
  const auto deadline = std::chrono::steady_clock::now() + kDumpTimeout;
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    reader.begin();
    const auto done = socket_.request(buffer.bytes(), deadline, [&](netlink::Bytes message) -> Result<void> {
      if (auto decoded = decode(message)) reader.visit(std::move(*decoded));
      return {};
    });
    if (done) return std::nullopt;
    const int error = done.error().system_error;
    if (error == ENOENT || error == EOPNOTSUPP || error == EAFNOSUPPORT) {
      reader.begin();
      return std::nullopt;
    }
    if (error != EINTR && error != ENOBUFS && error != EBUSY) return done.error();
  }
  return Error{EAGAIN, "the kernel's state changes too fast to be read; it is tried again"};
}

RouteSocket::Drained RouteSocket::drain(const std::function<void(Message)>& visit) {
  for (int datagrams = 0; datagrams < kDatagramsPerDrain; ++datagrams) {
    const auto received = socket_.receive();
    if (received.error != 0) return Drained::lost;
    if (received.bytes.empty()) return Drained::all;
    netlink::for_each_message(received.bytes, [&](netlink::Bytes message) {
      if (auto decoded = decode(message)) visit(std::move(*decoded));
    });
  }
  return Drained::more;
}

}  // namespace wgospf::rib

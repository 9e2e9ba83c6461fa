#include "wgadapter/icmp_prober.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "namespace.h"

namespace wgospf::wg {
namespace {

using test::Namespace;

/// Two hosts on a cable whose far end takes packets of 1300 bytes and less, without a word of the others.
class IcmpProberTest : public testing::Test {
 protected:
  static constexpr Ipv4Address kPeer{0x0a000002};

  void SetUp() override {
    WGOSPF_REQUIRE_NAMESPACES();
    here_ = std::make_unique<Namespace>();
    there_ = std::make_unique<Namespace>();
    here_->sh("ip link add t0 type veth peer name t0 netns " + there_->path());
    here_->sh("ip addr add 10.0.0.1/30 dev t0 && ip link set t0 up");
    there_->sh("ip link set t0 mtu 1300 up && ip addr add 10.0.0.2/30 dev t0");
    here_->run([this] {
      ifindex_ = ::if_nametoindex("t0");
      prober_ = std::make_unique<IcmpProber>();
    });
  }

  MtuProbed ask(MtuProbe probe) {
    probe.ticket = ++ticket_;
    prober_->probe(probe, [this](const MtuProbed& probed) {
      const std::lock_guard lock(mutex_);
      probed_ = probed;
      changed_.notify_all();
    });
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds(60), [&] { return probed_.ticket == probe.ticket; }));
    return probed_;
  }
  [[nodiscard]] MtuProbe to_peer(std::uint32_t most = 1500) const {
    return {0, {"t0", ifindex_, std::nullopt, kPeer}, most};
  }

  /// What becomes of the train's echoes, until there are so many reports.
  std::vector<EchoFate> run(EchoTrain train, std::size_t reports) {
    train.ticket = ++ticket_;
    {
      const std::lock_guard lock(mutex_);
      fates_.clear();
    }
    prober_->start(train, [this](const EchoFate& fate) {
      const std::lock_guard lock(mutex_);
      fates_.push_back(fate);
      changed_.notify_all();
    });
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30), [&] { return fates_.size() >= reports; }));
    return fates_;
  }
  [[nodiscard]] EchoTrain train(unsigned most) const {
    return {0,
            {"t0", ifindex_, std::nullopt, kPeer},
            std::chrono::milliseconds{10},
            std::chrono::milliseconds{500},
            most};
  }

  std::unique_ptr<Namespace> here_, there_;
  std::unique_ptr<IcmpProber> prober_;
  std::uint32_t ifindex_ = 0;
  std::uint64_t ticket_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  MtuProbed probed_;
  std::vector<EchoFate> fates_;
};

/// Answers each echo request in the place of a kernel that ignores them, once for each of the changes.
class Answerer {
 public:
  using Packet = std::vector<std::uint8_t>;
  using Change = std::function<void(Packet&)>;
  Answerer(Namespace& where, std::vector<Change> changes) : changes_(std::move(changes)) {
    where.sh("sysctl -qw net.ipv4.icmp_echo_ignore_all=1");
    where.run([this] { fd_ = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP); });
    thread_ = std::thread([this] { run(); });
  }
  ~Answerer() {
    is_ending_ = true;
    thread_.join();
    ::close(fd_);
  }
  Answerer(const Answerer&) = delete;
  Answerer& operator=(const Answerer&) = delete;
  [[nodiscard]] int answers() const { return answers_; }

 private:
  void run() {
    while (!is_ending_) {
      pollfd fd{fd_, POLLIN, 0};
      if (::poll(&fd, 1, 20) != 1) continue;
      std::array<std::uint8_t, 65535> buffer{};
      sockaddr_in from{};
      socklen_t size = sizeof(from);
      const auto length =
          ::recvfrom(fd_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (length < 28 || buffer[20] != 8) continue;
      for (const auto& change : changes_) {
        Packet echo(buffer.begin() + 20, buffer.begin() + length);
        echo[0] = 0;
        change(echo);
        set_checksum(echo);
        if (::sendto(fd_, echo.data(), echo.size(), 0, reinterpret_cast<const sockaddr*>(&from), size) > 0)
          ++answers_;
      }
    }
  }
  static void set_checksum(Packet& echo) {
    echo[2] = echo[3] = 0;
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < echo.size(); ++i) sum += echo[i] << (i % 2 == 0 ? 8 : 0);
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    echo[2] = static_cast<std::uint8_t>(~sum >> 8);
    echo[3] = static_cast<std::uint8_t>(~sum);
  }

  std::vector<Change> changes_;
  int fd_ = -1;
  std::atomic<bool> is_ending_ = false;
  std::atomic<int> answers_ = 0;
  std::thread thread_;
};

// In: a neighbour behind an end that takes 1300 bytes and drops the rest in silence. Out: the multiple of 16 below.
TEST_F(IcmpProberTest, FindsTheLargestPacketThatComesBack) {
  const auto probed = ask(to_peer());
  EXPECT_EQ(probed.largest, 1296U);
  EXPECT_TRUE(probed.is_certain);
  EXPECT_EQ(probed.error, "");
  const auto whole = ask(to_peer(1280));
  EXPECT_EQ(whole.largest, 1280U);
  EXPECT_TRUE(whole.is_certain);
}

// In: a host that answers no echo. Out: nothing is known of it, which is no limit.
TEST_F(IcmpProberTest, SilenceIsNoLimit) {
  there_->sh("sysctl -qw net.ipv4.icmp_echo_ignore_all=1");
  const auto probed = ask(to_peer());
  EXPECT_EQ(probed.largest, 0U);
  EXPECT_FALSE(probed.is_certain);
  EXPECT_EQ(probed.error, "");
}

// In: answers that a host could send which has not seen the packet, or not all of it: other bytes, another
// identifier, another number, a part. Out: none counts. The packet itself counts.
TEST_F(IcmpProberTest, OnlyWhoHasThePacketCanAnswer) {
  {
    const Answerer forger(*there_, {[](auto& echo) { echo.back() ^= 1; }, [](auto& echo) { echo[8] ^= 1; },
                                    [](auto& echo) { echo[4] ^= 1; }, [](auto& echo) { echo[6] ^= 1; },
                                    [](auto& echo) { echo.resize(echo.size() - 4); }});
    EXPECT_EQ(ask(to_peer(1200)).largest, 0U);
    EXPECT_EQ(forger.answers() % 5, 0);
    EXPECT_GT(forger.answers(), 0);
  }
  const Answerer honest(*there_, {[](auto&) {}});
  EXPECT_EQ(ask(to_peer(1200)).largest, 1200U);
}

// In: what cannot be asked: a device under another index, a size that it does not take. Out: why.
TEST_F(IcmpProberTest, WhatCannotBeAskedIsSaid) {
  auto probe = to_peer();
  probe.target.ifindex += 100;
  EXPECT_THAT(ask(probe).error, testing::HasSubstr("another interface"));
  EXPECT_THAT(ask(to_peer(1501)).error, testing::HasSubstr("1501 bytes to 10.0.0.2"));
}

std::size_t count(const std::vector<EchoFate>& fates, EchoFate::What what) {
  return static_cast<std::size_t>(
      std::count_if(fates.begin(), fates.end(), [what](const EchoFate& fate) { return fate.what == what; }));
}

// In: a neighbour that answers. Out: each echo is answered, with its round trip, and the train ends.
TEST_F(IcmpProberTest, ATrainTellsOfEachAnswer) {
  const auto fates = run(train(5), 6);
  EXPECT_EQ(count(fates, EchoFate::What::answered), 5U);
  EXPECT_EQ(fates.back().what, EchoFate::What::over);
  EXPECT_EQ(fates.back().error, "");
  for (const auto& fate : fates) EXPECT_LT(fate.round_trip, std::chrono::milliseconds{500});
}

// In: a neighbour that ignores echoes. Out: each is unanswered, not before its time.
TEST_F(IcmpProberTest, ATrainTellsOfEachEchoThatIsNotAnswered) {
  there_->sh("sysctl -qw net.ipv4.icmp_echo_ignore_all=1");
  const auto before = std::chrono::steady_clock::now();
  const auto fates = run(train(3), 4);
  EXPECT_EQ(count(fates, EchoFate::What::unanswered), 3U);
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds{520});
}

// In: answers by somebody who has not seen the echo: other bytes, another identifier, another number, a part. Out:
// none counts; the right one does, once.
TEST_F(IcmpProberTest, OnlyWhoHasTheEchoIsASignOfLife) {
  {
    const Answerer forger(
        *there_, {[](auto& echo) { echo.back() ^= 1; }, [](auto& echo) { echo[4] ^= 1; },
                  [](auto& echo) { echo[6] ^= 0x40; }, [](auto& echo) { echo.resize(echo.size() - 4); }});
    EXPECT_EQ(count(run(train(4), 5), EchoFate::What::unanswered), 4U);
    EXPECT_GT(forger.answers(), 0);
  }
  const Answerer twice(*there_, {[](auto&) {}, [](auto&) {}});
  EXPECT_EQ(count(run(train(4), 5), EchoFate::What::answered), 4U);
}

// In: a train without an end that is stopped. Out: it goes on until then, and nothing comes afterwards.
TEST_F(IcmpProberTest, ATrainGoesOnUntilItIsStopped) {
  EXPECT_EQ(count(run(train(0), 20), EchoFate::What::over), 0U);
  prober_->stop(ticket_);
  (void)run(train(1), 2);  // a later one is through: the former has stopped
  const std::lock_guard lock(mutex_);
  for (const auto& fate : fates_) EXPECT_EQ(fate.ticket, ticket_);
}

// In: a train that cannot be sent. Out: it is over, and why.
TEST_F(IcmpProberTest, ATrainThatCannotBeSentSaysWhy) {
  auto wrong = train(3);
  wrong.target.ifindex += 100;
  const auto fates = run(wrong, 1);
  EXPECT_EQ(fates[0].what, EchoFate::What::over);
  EXPECT_THAT(fates[0].error, testing::HasSubstr("another interface"));
}

// In: hosts that are reached by whatever way there is, one behind a router, by IPv4 and IPv6. Out: they answer.
TEST_F(IcmpProberTest, AHostAnywhereAnswers) {
  there_->sh("ip addr add 192.0.2.1/32 dev lo && ip link set lo up");
  here_->sh("ip link set lo up && ip route add 192.0.2.1 via 10.0.0.2");
  auto far = train(2);
  far.target = {};
  far.target.destination = Ipv4Address{0xc0000201};
  EXPECT_EQ(count(run(far, 3), EchoFate::What::answered), 2U);
  far.target.destination6 = Ipv6Address::parse("::1");
  EXPECT_EQ(count(run(far, 3), EchoFate::What::answered), 2U);
}

}  // namespace
}  // namespace wgospf::wg

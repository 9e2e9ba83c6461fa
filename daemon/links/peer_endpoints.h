#pragma once
// Peers with several endpoints: the names of these, and the search for a peer that is not heard (wgadapter/endpoint_search.h
// decides). On the loop; names are asked and echoes waited for on threads of their own, and devices are changed on theirs.
//
//   LivenessWatch ─ suspect ─> doubt()   names are asked anew, echoes go to all places
//   the protocol  ─ lost ────> lost()    DeviceThread::renew() with an aim, one place after the other
//   DeviceThread  ─ DeviceRead, Renewed ─> heard where, sought where
//
// An address that a name has had stays a place to seek the peer at for as long as the name has no other: the server that
// would know may be behind the tunnel. A name is not asked again before the answer's TTL is over, or kAskAgainMost where
// that is less and the peer is not heard; and one that gave no address after kAskAgainFailed. In one second kTrialsMost peers
// are made again, so that an uplink that is gone holds up no readings.

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/host.h"
#include "daemon/links/endpoint_peer.h"
#include "daemon/peer_note.h"
#include "wgadapter/device_thread.h"
#include "wgadapter/endpoint_search.h"
#include "wgadapter/icmp_prober.h"
#include "wgadapter/name_resolver.h"

namespace wgospf::daemon {

class PeerEndpoints {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kAskAgainMost{30}, kAskAgainFailed{5};
  static constexpr std::size_t kTrialsMost = 16;
  static constexpr std::chrono::milliseconds kReadAgain{100};

  /// `host` must outlive it.
  explicit PeerEndpoints(Host& host);
  ~PeerEndpoints();
  PeerEndpoints(const PeerEndpoints&) = delete;
  PeerEndpoints& operator=(const PeerEndpoints&) = delete;

  /// Those that the configuration and the devices have now.
  void follow(std::vector<EndpointPeer> peers);
  void take(const wg::DeviceRead& reading);
  void take(const wg::Renewed& renewed);
  /// The neighbour on the link is suspect, or is not any more.
  void doubt(ospf::LinkId link, bool is_suspect);
  /// It was given up, and did not say goodbye.
  void lost(ospf::LinkId link);
  /// Whether the peer of the link is one of these: nobody else makes it again then.
  [[nodiscard]] bool follows(ospf::LinkId link) const;
  /// Nothing is followed any more.
  void stop();

  void add_to(PeerNotes& notes) const;

 private:
  struct Entry {
    explicit Entry(EndpointPeer of);
    EndpointPeer peer;
    wg::EndpointSearch search;
    std::optional<wg::Key> key{};  ///< as the device has it
    std::uint32_t mark = 0;        ///< of the device
    bool is_told = false;          ///< that it is sought
    Clock::time_point read_at{};   ///< a reading was asked for
  };
  struct Name {
    EndpointName name{};
    std::vector<wg::Endpoint> endpoints{};
    std::optional<Clock::time_point> answered_at{};
    std::chrono::seconds ttl{};
    std::string error{};       ///< of the last answer
    bool has_failed = false;   ///< it had no address
    std::uint64_t ticket = 0;  ///< 0: it is not being asked
  };
  /// By device and, where that has several, key.
  using Entries = std::map<std::pair<std::string, std::optional<wg::Key>>, Entry>;

  void read(Entry& entry, const wg::Peer* peer, const wg::Device& device);
  [[nodiscard]] Entry* find(ospf::LinkId link);
  [[nodiscard]] Entry* find(const std::string& device, const wg::Key& key);
  void run(Entry& entry);
  void ask_names(const Entry& entry);
  [[nodiscard]] bool is_due(const Name& name, bool is_heard, Clock::time_point now) const;
  [[nodiscard]] std::optional<Clock::time_point> due_at(const Name& name, bool is_heard) const;
  void take(const wg::NameAnswer& answer);
  void set_candidates(Entry& entry) const;
  void send_echoes(Entry& entry);
  void move(Entry& entry, const wg::EndpointSearch::Step& step);
  void provoke(const Entry& entry);
  void tell_found(Entry& entry, wg::EndpointSearch::Duration took);
  [[nodiscard]] bool may_try(Clock::time_point now);
  void arm();
  void time_is_up();
  [[nodiscard]] std::vector<EndpointNote> notes_of(const Entry& entry) const;

  Host& host_;
  Entries entries_;
  std::map<std::string, Name> names_;  ///< by what the configuration calls them
  std::map<std::string, std::shared_ptr<const wg::Device>> devices_;  ///< as read last
  std::unique_ptr<wg::NameResolver> resolver_;
  std::unique_ptr<wg::IcmpProber> prober_;  ///< not the one that neighbours are asked by, which must not wait
  std::uint64_t last_ticket_ = 0;
  std::deque<Clock::time_point> trials_;  ///< of the last second
  boost::asio::steady_timer timer_;
  std::optional<Clock::time_point> armed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon

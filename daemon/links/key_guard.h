#pragma once
// Nobody speaks for others, at work: which router id is admitted on the link to a WireGuard peer, and when a key's
// id is learned. On the loop.
//
// Whoever holds a key can say any router id in a hello. So an id is learned for a key only when the network as a
// whole says so: the neighbor has been Full for a while, and the router-LSA of that id, which its true owner
// would correct (RFC 2328 section 13.4), has a link to this router. Until then the key is known for nothing.
//
// An id that a key speaks for is no other key's. A router with a second tunnel and a second key is known by what its
// router-LSA says: that it has the address that it speaks from, or the subnet of this link, or more links to this
// router than there are keys of it. An LSA can be forged for as long as its owner does not see it, so this counts only
// while the router is Full over a key that is known for it, which is where its corrections come from, and when the LSA
// has stood unchanged for half a minute. Of several keys of which none is known nobody is learned unless the LSA has a
// link to this router for each. Where it does not tell (an unnumbered tunnel that comes later) it must be written down.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/kernel_jobs.h"
#include "daemon/links/key_book.h"
#include "daemon/peer_note.h"
#include "daemon/router_view.h"
#include "daemon/routes/announce_rules.h"
#include "daemon/telling/teller.h"

namespace wgospf::daemon {

class KeyGuard {
 public:
  using V2 = ospf::V2;
  struct Sources {
    std::function<std::optional<ospf::DatabaseEntry>(ospf::AreaId, const ospf::LsaKey&)> find_lsa;
    std::function<ospf::Instant()> now;
  };
  /// What there is now.
  struct Seen {
    const std::vector<WireguardView>& views;
    const std::vector<ospf::InterfaceInfo>& interfaces;
    const std::vector<ospf::NeighborInfo>& neighbors;
  };
  /// `teller` and `jobs` must outlive it.
  KeyGuard(Sources sources, Teller& teller, KernelJobs& jobs)
      : sources_(std::move(sources)), teller_(teller), jobs_(jobs) {}
  ~KeyGuard() { *alive_ = false; }
  KeyGuard(const KeyGuard&) = delete;
  KeyGuard& operator=(const KeyGuard&) = delete;

  /// Reads what former runs have learned. Once, before anything else.
  void start(const std::string& state_directory, ospf::RouterId own_id);
  /// What the configuration says of interfaces and peers; without patterns.
  void set_written(const Config& config);
  /// Whose key is behind each link now, and what is to be learned of them; every few seconds, and when devices or
  /// neighbors have changed. What complete() gives may be another then.
  void look(const Seen& seen);
  /// Fills in which routers are admitted.
  void complete(ospf::InstanceConfig& config) const;

  /// What may be announced, by the routers that the keys of links and peers speak for, where that is not known yet
  /// by those that speak there now; and the addresses of peers. As of the last look().
  [[nodiscard]] const AnnounceRules& rules() const { return rules_; }

  /// Forgets what was learned of a key, by the key or by the name of the peer or its link. Error: not_found, or
  /// malformed where several peers go by the name, or where it is the configuration that says so.
  [[nodiscard]] Result<ForgottenKey> forget(const std::string& key_or_name);
  /// Adds what each key speaks for.
  void add_to(PeerNotes& notes) const;

 private:
  /// A link with a peer whose key is known.
  struct Speaker {
    wg::Key key{};
    std::string name{};    ///< of the link
    std::string device{};  ///< as the kernel calls it
  };
  /// A router that a link's peer speaks as.
  struct Claim {
    ospf::RouterId id{};
    IpAddress address{};
    ospf::AreaId area{};
    const ospf::DeviceStatus* status = nullptr;
    std::optional<ospf::Instant> full_since{};  ///< of a Full neighbor
  };

  [[nodiscard]] std::optional<wg::Key> key_behind(const WireguardView& view,
                                                  const std::optional<Ipv4Address>& neighbor) const;
  [[nodiscard]] KeyBook::Keys written_keys() const;
  void note_speakers(const std::vector<WireguardView>& views,
                     const std::vector<ospf::NeighborInfo>& neighbors);
  void learn(const Speaker& speaker, ospf::LinkId link, const Claim& claim,
             const std::vector<ospf::NeighborInfo>& neighbors);
  /// Links on which a key that is known for the id is Full with it.
  [[nodiscard]] std::size_t known_links(ospf::RouterId id,
                                        const std::vector<ospf::NeighborInfo>& neighbors) const;
  void learned(const Speaker& speaker, ospf::LinkId link, ospf::RouterId id);
  /// The router-LSA of the id has stood as it is for long. To be asked at each look() for as long as it matters.
  [[nodiscard]] bool has_stood(const Claim& claim);
  /// Links on which a key of which nothing is known is Full with the id, for which no key is known.
  [[nodiscard]] std::size_t unknown_links(ospf::RouterId id,
                                          const std::vector<ospf::NeighborInfo>& neighbors) const;
  /// Of the router-LSA of the id.
  [[nodiscard]] std::size_t links_to_us(const Claim& claim) const;
  [[nodiscard]] bool has_the_address(const Claim& claim) const;
  [[nodiscard]] std::optional<ospf::v2::RouterLsa> router_lsa(const Claim& claim) const;
  void find_rules(const std::vector<ospf::InterfaceInfo>& interfaces,
                  const std::vector<ospf::NeighborInfo>& neighbors);
  void add_policies_of_absent();
  /// What is written for the link; null where nothing is to be held against anybody.
  [[nodiscard]] const AnnounceSettings* settings_of(const std::string& name, const Speaker* speaker) const;
  void add_address(const ospf::InterfaceInfo& interface, ospf::RouterId router);
  void tell_refusals(const std::vector<ospf::InterfaceInfo>& interfaces);
  void write();

  Sources sources_;
  Teller& teller_;
  KernelJobs& jobs_;
  ospf::RouterId own_id_{};
  std::string file_;
  KeyBook book_;
  struct Standing {
    std::int32_t sequence_number = 0;
    std::uint16_t checksum = 0;
    ospf::Instant since{};
  };
  std::map<ospf::RouterId, Standing> standings_;            ///< as of the former look()
  std::map<ospf::RouterId, Standing> looked_at_;            ///< in this one
  KeyBook::Keys written_of_peers_;                          ///< by their keys in the configuration
  std::map<std::string, ospf::RouterId> written_of_links_;  ///< by the names of interfaces with one peer
  std::map<std::pair<std::string, wg::Key>, PeerSettings>
      announces_of_peers_;                                      ///< with an entry, by interface
  std::map<std::string, AnnounceSettings> announces_of_links_;  ///< by the names of interfaces with one peer
  std::map<std::string, AnnounceSettings> announces_of_defaults_;  ///< of interfaces with many
  AnnounceRules rules_;
  std::map<ospf::LinkId, Speaker> speakers_;
  std::set<std::string> told_;  ///< names of links of which a refusal is told
  bool is_written_ = true;      ///< what is learned is in the file, or on its way there
  bool is_writing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon

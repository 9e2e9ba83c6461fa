#pragma once
// What may move while the network is at rest (RFC 2328 section 12.4): hellos, and LSAs whose time has come.

#include <compare>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/sim/network.h"

namespace wgospf::sim {

/// Watches a network from the start, and from `begin` on complains of each
/// - origination of an LSA before it is due: within LSRefreshTime of the last, so that in any time there are
/// at
///   most time / LSRefreshTime + 1;
/// - packet that is no hello and carries, or acknowledges, anything else than an LSA refreshed a moment ago
/// or
///   one that aged out;
/// - LSA or acknowledgement sent time and again on a link, and hellos beyond their interval.
class RestOracle {
 public:
  explicit RestOracle(Network& network);
  RestOracle(const RestOracle&) = delete;
  RestOracle& operator=(const RestOracle&) = delete;

  void begin();
  /// What was not at rest since `begin`, each once; watches on.
  [[nodiscard]] std::vector<std::string> end();

 private:
  /// An instance of an LSA, as sent on a link.
  struct Passage {
    RouterIndex router = 0;
    LinkId link;
    ospf::PacketType type{};
    LsaName lsa;
    std::int32_t sequence_number = 0;
    bool is_maxage = false;
    auto operator<=>(const Passage&) const = default;
  };
  struct Times {
    Instant first{}, last{};
  };

  void see(RouterIndex router, const ospf::LsaOriginated& event);
  void see(RouterIndex router, const ospf::Transmit& transmit);
  void see_header(RouterIndex router, LinkId link, ospf::PacketType type, const ospf::LsaHeader& header);
  void count_hellos();
  void complain(RouterIndex router, const std::string& what);

  Network& network_;
  bool is_resting_ = false;
  Instant begun_{};
  std::map<std::pair<RouterIndex, LsaName>, Instant> originated_;  ///< last time
  /// When each instance was originated: first and last, since routers that restart begin anew.
  std::map<std::pair<LsaName, std::int32_t>, Times> instances_;
  std::map<Passage, std::uint32_t> passages_;
  std::map<std::pair<RouterIndex, LinkId>, std::uint64_t> hellos_;
  std::set<std::string> problems_;
};

}  // namespace wgospf::sim

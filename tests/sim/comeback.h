#pragma once
// LSAs and time (RFC 2328 sections 13 and 14): an instance never looks younger than it is, and one that was
// flushed or aged out and was gone everywhere never comes back while its originator is silent.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/network.h"

namespace wgospf::sim {

/// Watches a network from the start.
class ComebackOracle {
 public:
  explicit ComebackOracle(Network& network);
  ComebackOracle(const ComebackOracle&) = delete;
  ComebackOracle& operator=(const ComebackOracle&) = delete;

  /// Each once.
  [[nodiscard]] std::vector<std::string> problems() const { return {problems_.begin(), problems_.end()}; }

 private:
  struct Flushed {
    std::int32_t sequence_number = 0;     ///< the highest at MaxAge
    std::optional<Instant> absent_since;  ///< from nobody's having it on
    bool is_gone = false;
  };
  void see(RouterIndex router, const ospf::LsaOriginated& event);
  void see(RouterIndex router, LinkId link, const ospf::Packet& packet);
  void look();
  [[nodiscard]] bool is_held(const LsaName& lsa) const;
  void complain(RouterIndex router, const std::string& what);

  Network& network_;
  std::map<LsaName, Flushed> flushed_;
  /// When each instance was last originated; routers that restart use their numbers again.
  std::map<std::pair<LsaName, std::int32_t>, Instant> originated_;
  std::set<std::string> problems_;
};

}  // namespace wgospf::sim

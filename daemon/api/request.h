#pragma once
// What clients ask, checked: either values the rest can trust, or INVALID_ARGUMENT that names the field and
// says what would be right.

#include <grpcpp/support/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "daemon/api/convert.h"
#include "daemon/router_view.h"
#include "wgospf/v1/database.pb.h"
#include "wgospf/v1/path.pb.h"
#include "wgospf/v1/reload.pb.h"
#include "wgospf/v1/route.pb.h"
#include "wgospf/v1/watch.pb.h"

namespace wgospf::daemon::api {

template <class T>
using Checked = std::variant<T, grpc::Status>;

struct PathsQuestion {
  std::variant<Ipv4Prefix, Ipv4Address> target;  ///< an address: the longest prefix that covers it
  std::size_t limit = 0;
};
inline constexpr std::uint32_t kDefaultPathLimit = 64;
/// Finding paths is work on the strand; more than this would make hellos wait.
inline constexpr std::uint32_t kMaxPathLimit = 1000;
[[nodiscard]] Checked<PathsQuestion> check(const v1::GetPathsRequest& request);

/// What is set must match.
struct RoutesFilter {
  std::optional<Ipv4Prefix> within{};    ///< it, and what it covers
  std::optional<Ipv4Address> address{};  ///< the longest prefix that covers it
  std::optional<ospf::PathType> type{};
  std::optional<std::string> interface {};
  std::optional<Ipv4Address> neighbor{};  ///< router id or address of a next hop
  /// All but prefix and address; `names` are those of the links.
  [[nodiscard]] bool matches(const ospf::Route<V2>& route, const std::vector<ospf::NextHop>& next_hops,
                             const NameMap& names) const;
};
[[nodiscard]] Checked<RoutesFilter> check(const v1::ListRoutesRequest& request);

[[nodiscard]] Checked<ReloadOrder> check(const v1::ReloadRequest& request);

struct DatabaseFilter {
  std::optional<ospf::AreaId> area;
  std::optional<ospf::RouterId> adv_router;
  std::optional<ospf::LinkStateId> lsa_id;
  v1::LsaType type = v1::LSA_TYPE_UNSPECIFIED;
  bool headers_only = false;
  [[nodiscard]] bool matches(const ospf::DatabaseEntry& entry) const;
};
[[nodiscard]] Checked<DatabaseFilter> check(const v1::ListDatabaseRequest& request);

/// Which topics a Watch stream tells of.
class Topics {
 public:
  [[nodiscard]] bool has(v1::WatchTopic topic) const { return (bits_ >> topic & 1U) != 0; }
  void add(v1::WatchTopic topic) { bits_ |= 1U << topic; }
  void add_all() { bits_ = ~0U; }

 private:
  std::uint32_t bits_ = 0;
};
/// Where a Watch stream stands: behind the event with this number, in this run of the daemon.
struct Cursor {
  std::string run;
  std::uint64_t number = 0;
  /// "RUN-NUMBER".
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] static std::optional<Cursor> parse(const std::string& text);
};
struct WatchOrder {
  Topics topics;
  std::optional<Cursor> since;
};
[[nodiscard]] Checked<WatchOrder> check(const v1::WatchRequest& request);

}  // namespace wgospf::daemon::api

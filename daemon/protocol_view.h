#pragma once
// An instance of the protocol as those see it who only look: plain values of this moment. On the strand.

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "ospf/instance.h"
#include "ospf/v2/v2.h"

namespace wgospf::daemon {

using V2 = ospf::V2;

class ProtocolView {
 public:
  virtual ~ProtocolView() = default;

  [[nodiscard]] virtual ospf::RouterId router_id() const = 0;
  [[nodiscard]] virtual const ospf::InstanceConfig& config() const = 0;
  /// See ospf::Instance::converged.
  [[nodiscard]] virtual bool converged() const = 0;
  [[nodiscard]] virtual ospf::Statistics statistics() const = 0;
  [[nodiscard]] virtual std::vector<ospf::InterfaceInfo> interfaces() const = 0;
  [[nodiscard]] virtual std::vector<ospf::NeighborInfo> neighbors() const = 0;
  /// Up to `limit` entries from the cursor on, which moves; see ospf::Instance::database.
  [[nodiscard]] virtual std::vector<ospf::DatabaseEntry> database(ospf::DatabaseCursor& cursor,
                                                                  std::size_t limit) const = 0;
  /// Never null; may be read anywhere.
  [[nodiscard]] virtual std::shared_ptr<const ospf::RouteTable<V2>> routes() const = 0;
  /// How the prefix could be reached, at most `limit` ways, the best first.
  [[nodiscard]] virtual std::vector<ospf::PrefixPath> paths(const Ipv4Prefix& prefix,
                                                            std::size_t limit) const = 0;
};

/// The view of an instance, which must outlive it.
class InstanceView final : public ProtocolView {
 public:
  using Now = std::function<ospf::Instant()>;
  InstanceView(const ospf::Instance<V2>& instance, Now now) : instance_(instance), now_(std::move(now)) {}

  [[nodiscard]] ospf::RouterId router_id() const override { return instance_.router_id(); }
  [[nodiscard]] const ospf::InstanceConfig& config() const override { return instance_.config(); }
  [[nodiscard]] bool converged() const override { return instance_.converged(now_()); }
  [[nodiscard]] ospf::Statistics statistics() const override { return instance_.statistics(); }
  [[nodiscard]] std::vector<ospf::InterfaceInfo> interfaces() const override {
    return instance_.interfaces();
  }
  [[nodiscard]] std::vector<ospf::NeighborInfo> neighbors() const override { return instance_.neighbors(); }
  [[nodiscard]] std::vector<ospf::DatabaseEntry> database(ospf::DatabaseCursor& cursor,
                                                          std::size_t limit) const override {
    return instance_.database(cursor, limit, now_());
  }
  [[nodiscard]] std::shared_ptr<const ospf::RouteTable<V2>> routes() const override {
    return instance_.routes();
  }
  [[nodiscard]] std::vector<ospf::PrefixPath> paths(const Ipv4Prefix& prefix,
                                                    std::size_t limit) const override {
    return instance_.paths(prefix, limit);
  }

 private:
  const ospf::Instance<V2>& instance_;
  Now now_;
};

}  // namespace wgospf::daemon

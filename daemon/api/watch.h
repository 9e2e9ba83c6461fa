#pragma once
// Watch: a snapshot, its end, then changes, for as long as the client keeps up. A client that gives a cursor is told
// the changes since in place of the snapshot, if they are known.
//
// One closure on the strand subscribes and reads the snapshot, so nothing is missed and nothing comes twice.
// The snapshot's routes are the immutable published table, sent part by part as the client takes them.
// Meanwhile and after, the listener appends events to a queue; the worker turns them into messages. If the
// queue is full, the client is too slow: the subscription is given up, the queue is freed, and the stream
// ends with RESOURCE_EXHAUSTED behind what is already on its way, or is cancelled if the client does not take
// even that.

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "daemon/api/call.h"
#include "daemon/api/convert.h"
#include "daemon/api/gather.h"
#include "daemon/api/peers.h"
#include "daemon/api/request.h"
#include "daemon/api/watch_items.h"

namespace wgospf::daemon::api {

class WatchCall final : public StreamCall<v1::WatchResponse> {
 public:
  /// Of a context that has admitted a watcher.
  WatchCall(std::shared_ptr<Context> context, WatchOrder order)
      : StreamCall(std::move(context)),
        topics_(order.topics),
        since_(std::move(order.since)),
        maker_(this->context().router().facts().run) {}
  ~WatchCall() override { this->context().leave_watcher(); }
  [[nodiscard]] grpc::ServerWriteReactor<v1::WatchResponse>* start(
      grpc::CallbackServerContext& server_context);

 private:
  using SharedNames = std::shared_ptr<const NameMap>;

  /// What was there when the stream began.
  struct Snapshot {
    ospf::Generation generation;
    std::vector<ospf::InterfaceInfo> interfaces;
    std::vector<ospf::NeighborInfo> neighbors;
    WireguardViews wireguard;
    PeersRead peers;
    std::shared_ptr<const ospf::RouteTable<V2>> table;
    std::uint64_t kernel_generation = 0;
    std::uint64_t last_event = 0;
    ospf::Instant now;
  };

  void next() override;
  void on_ended() override;

  // On the strand.
  void subscribe_and_read(RouterView& router);
  void read_snapshot(RouterView& router);
  /// What has happened since the cursor; false when a snapshot is needed, because there is none or a gap.
  [[nodiscard]] bool read_past(RouterView& router);
  void note(RouterView& router, const RouterEvent& event);
  [[nodiscard]] bool wanted(const RouterEvent& event) const;

  // On the worker.
  void send_snapshot();
  void begin_snapshot(v1::WatchResponse& part);
  void send_past();
  void add_end(v1::WatchResponse& part);
  void send_changes();
  static v1::WatchItem& add_item(v1::WatchResponse& part, ospf::Generation generation);

  const Topics topics_;
  const std::optional<Cursor> since_;

  // Of the strand.
  std::optional<RouterView::Subscription> subscription_;

  // Between the strand and the worker.
  std::mutex queue_mutex_;
  std::deque<RouterEvent> queue_;
  SharedNames shared_names_ = std::make_shared<NameMap>();
  bool overflowed_ = false;  ///< written on the strand only
  bool idle_ = false;        ///< the worker has sent everything and waits to be woken

  // Of the worker, once the snapshot is read.
  Snapshot snapshot_;  ///< where the past is told, only the moment
  std::optional<v1::WatchGap> gap_;
  std::optional<std::vector<RouterEvent>> past_;  ///< in place of the snapshot
  bool snapshot_begun_ = false, snapshot_sent_ = false;
  std::size_t position_ = 0;  ///< in the snapshot's routes, or in the past
  SharedNames names_;
  ItemMaker maker_;
};

}  // namespace wgospf::daemon::api

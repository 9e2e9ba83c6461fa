// Watch streams: nothing missed, nothing twice, and no client that others must wait for.
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <thread>

#include "api_support.h"

namespace wgospf::daemon {
namespace {

using cli::Json;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Item = v1::WatchItem;

/// A client of Watch that reads one item at a time.
class Watcher {
 public:
  explicit Watcher(std::unique_ptr<v1::Routing::Stub> stub, const v1::WatchRequest& request = {})
      : stub_(std::move(stub)) {
    context_.set_deadline(std::chrono::system_clock::now() + kPatience);
    reader_ = stub_->Watch(&context_, request);
  }
  /// The next item; nullopt at the end of the stream.
  [[nodiscard]] std::optional<Item> next() {
    while (position_ == part_.items_size()) {
      position_ = 0;
      if (!reader_->Read(&part_)) return std::nullopt;
    }
    return part_.items(position_++);
  }
  /// Everything up to the first item of this kind, which is the last.
  [[nodiscard]] std::vector<Item> until(Item::ItemCase kind) {
    std::vector<Item> items;
    while (auto item = next()) {
      items.push_back(*item);
      if (item->item_case() == kind) return items;
    }
    ADD_FAILURE() << "the stream ended before";
    return items;
  }
  [[nodiscard]] grpc::Status finish() { return reader_->Finish(); }
  void cancel() { context_.TryCancel(); }

 private:
  std::unique_ptr<v1::Routing::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader_;
  v1::WatchResponse part_;
  int position_ = 0;
};

ApiOptions with_queue_limit(std::size_t changes) {
  ApiOptions options;
  options.watch_queue_limit = changes;
  return options;
}

v1::WatchRequest only(v1::WatchTopic topic) {
  v1::WatchRequest request;
  request.add_topics(topic);
  return request;
}

class Watch : public ApiTest {};

TEST_F(Watch, GivesASnapshotItsEndAndThenChangesWithTheirGeneration) {
  Watcher watcher(stub());
  const auto snapshot = watcher.until(Item::kSnapshotEnd);
  std::map<Item::ItemCase, int> kinds;
  for (const auto& item : snapshot) {
    ++kinds[item.item_case()];
    EXPECT_FALSE(item.has_time());
  }
  EXPECT_EQ(kinds[Item::kInterface], 2);
  EXPECT_EQ(kinds[Item::kNeighbor], 1);
  EXPECT_EQ(kinds[Item::kRoute], 3);
  EXPECT_EQ(kinds[Item::kKernelAcknowledged], 1);
  const auto generation = snapshot.back().generation();
  router_.advertise(1, 20);
  const auto changes = watcher.until(Item::kRoute);
  const auto& route = changes.back();
  EXPECT_EQ(route.route().prefix(), "172.16.0.0/32");
  EXPECT_EQ(route.route().next_hops(0).interface(), "wg-op2");
  EXPECT_TRUE(route.has_time());
  EXPECT_EQ(route.generation(), generation + 1);
}

TEST_F(Watch, TellsOfALostNeighborAndItsRoutes) {
  Watcher watcher(stub());
  (void)watcher.until(Item::kSnapshotEnd);
  router_.set_wire(false);
  const auto items = watcher.until(Item::kRouteRemoved);
  bool lost = false;
  for (const auto& item : items) {
    if (!item.has_neighbor_state_change()) continue;
    lost = true;
    EXPECT_EQ(item.neighbor_state_change().interface(), "wg-op2");
    EXPECT_EQ(item.neighbor_state_change().neighbor_router_id(), "10.0.32.2");
    EXPECT_EQ(item.neighbor_state_change().from(), v1::NEIGHBOR_STATE_FULL);
    EXPECT_EQ(item.neighbor_state_change().to(), v1::NEIGHBOR_STATE_DOWN);
    EXPECT_EQ(item.neighbor_state_change().reason(), "InactivityTimer");
  }
  EXPECT_TRUE(lost);
  EXPECT_EQ(items.back().route_removed().prefix(), "192.168.2.0/24");
}

TEST_F(Watch, TellsWhyAnInterfaceChanges) {
  Watcher watcher(stub(), only(v1::WATCH_TOPIC_INTERFACES));
  (void)watcher.until(Item::kSnapshotEnd);
  for (const bool up : {false, true}) {
    router_.set_tunnel(up);
    const auto change = watcher.until(Item::kInterfaceStateChange).back().interface_state_change();
    EXPECT_EQ(change.interface(), "wg-op2");
    EXPECT_EQ(change.to(), up ? v1::INTERFACE_STATE_POINT_TO_POINT : v1::INTERFACE_STATE_DOWN);
    EXPECT_EQ(change.reason(), up ? "link up" : "link down");
  }
}

TEST_F(Watch, GivesOnlyTheTopicsAskedFor) {
  Watcher watcher(stub(), only(v1::WATCH_TOPIC_NOTICES));
  EXPECT_EQ(watcher.until(Item::kSnapshotEnd).size(), 1U);
  router_.advertise(1, 20);  // events of other topics before it
  router_.publish(
      {Severity::warning, "allowed_ips", "wg-op2 does not let OSPF through", WiredRouter::kTunnel});
  while (const auto item = watcher.next()) {
    ASSERT_TRUE(item->has_notice());
    if (item->notice().name() != "allowed_ips") continue;
    EXPECT_EQ(item->notice().severity(), v1::SEVERITY_WARNING);
    EXPECT_EQ(item->notice().interface(), "wg-op2");
    return;
  }
  FAIL() << "the notice did not come";
}

TEST_F(Watch, RefusesATopicItDoesNotKnow) {
  Watcher watcher(stub(), only(static_cast<v1::WatchTopic>(77)));
  EXPECT_EQ(watcher.next(), std::nullopt);
  const auto status = watcher.finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), StartsWith("topics: 77 is no topic"));
}

/// The routes as a client of Watch knows them: prefix -> metric.
class Mirror {
 public:
  void apply(const Item& item) {
    if (item.has_route()) routes_[item.route().prefix()] = item.route().type2_metric();
    if (item.has_route_removed()) routes_.erase(item.route_removed().prefix());
  }
  [[nodiscard]] bool is(const ospf::RouteTable<V2>& table) const {
    if (table.routes.size() != routes_.size()) return false;
    for (const auto& route : table.routes) {
      const auto found = routes_.find(route.prefix.to_string());
      if (found == routes_.end() || found->second != route.type2_metric) return false;
    }
    return true;
  }

 private:
  std::map<std::string, std::uint32_t> routes_;
};

TEST_F(Watch, MissesNothingWhileRoutesChangeUnderTheSnapshot) {
  constexpr std::uint32_t kPrefixes = 3'000, kLastMetric = 25;
  router_.advertise(kPrefixes, 1);
  ASSERT_TRUE(
      router_.eventually([&] { return router_.instance().routes()->routes.size() == kPrefixes + 3; }));
  std::thread churn([&] {
    for (const std::uint32_t metric : {22U, 23U, 24U, kLastMetric}) router_.advertise(kPrefixes, metric);
  });
  Watcher watcher(stub(), only(v1::WATCH_TOPIC_ROUTES));
  churn.join();
  Mirror mirror;
  std::uint64_t generation = 0;
  bool same = false;
  while (!same) {
    const auto item = watcher.next();
    ASSERT_TRUE(item) << watcher.finish().error_message();
    EXPECT_GE(item->generation(), generation);
    generation = item->generation();
    mirror.apply(*item);
    const bool last = item->has_route() && item->route().type2_metric() == kLastMetric;
    same = last && router_.on_strand([&] { return mirror.is(*router_.instance().routes()); });
  }
}

TEST_F(Watch, CutsOffAClientThatIsTooSlowAndNobodyWaitsForIt) {
  start_server(with_queue_limit(2'000));
  grpc::ChannelArguments small;  // the client's buffers are few, so that it is slow at once
  small.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  small.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024);
  Watcher slow(stub(small), only(v1::WATCH_TOPIC_NOTICES));
  (void)slow.until(Item::kSnapshotEnd);
  EXPECT_EQ(router_.subscriptions(), 1U);
  const Notice notice{Severity::info, "noise", std::string(1'000, 'x'), std::nullopt};
  for (int i = 0; i < 50'000; ++i) router_.publish(notice);  // and the client does not read
  EXPECT_TRUE(router_.eventually([&] { return router_.subscriptions_here() == 0; }));
  std::size_t received = 0;
  while (slow.next()) ++received;
  const auto status = slow.finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr("too slow: 2000 changes were waiting"));
  EXPECT_LT(received, 50'000U);
  // Others are served as before.
  Watcher other(stub());
  EXPECT_FALSE(other.until(Item::kSnapshotEnd).empty());
}

TEST_F(Watch, CancelsAClientThatWasCutOffAndDoesNotEvenReadThat) {
  auto options = with_queue_limit(2'000);
  options.slow_client_grace = std::chrono::milliseconds{50};
  start_server(options);
  grpc::ChannelArguments small;
  small.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  small.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024);
  Watcher idle(stub(small), only(v1::WATCH_TOPIC_NOTICES));
  (void)idle.until(Item::kSnapshotEnd);
  EXPECT_EQ(server_->call_count(), 1U);
  const Notice notice{Severity::info, "noise", std::string(1'000, 'x'), std::nullopt};
  // A few at a time, so that the first of them are on their way, and stuck there, when there are too many. It stays
  // connected, and nothing is kept for it.
  EXPECT_TRUE(router_.eventually([&] {
    for (int i = 0; i < 100; ++i) router_.publish(notice);
    return server_->call_count() == 0;
  }));
  while (idle.next()) {
  }
  EXPECT_EQ(idle.finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(Watch, ForgetsAClientThatGoesAway) {
  {
    Watcher watcher(stub());
    (void)watcher.until(Item::kSnapshotEnd);
    EXPECT_EQ(router_.subscriptions(), 1U);
    watcher.cancel();
    while (watcher.next()) {
    }
    EXPECT_EQ(watcher.finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  EXPECT_TRUE(router_.eventually([&] { return router_.subscriptions_here() == 0; }));
}

TEST_F(Watch, EndsWithUnavailableWhenTheDaemonStops) {
  Watcher watcher(stub());
  (void)watcher.until(Item::kSnapshotEnd);
  const auto begin = std::chrono::steady_clock::now();
  server_->stop(std::chrono::system_clock::now() + std::chrono::seconds{10});
  EXPECT_LT(std::chrono::steady_clock::now() - begin,
            std::chrono::seconds{5});  // did not wait for the client
  while (watcher.next()) {
  }
  const auto status = watcher.finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "wgospfd is stopping");
}

TEST_F(Watch, PrintsOneObjectALineAndEndsWithASentence) {
  Outcome outcome;
  std::thread client([&] { outcome = wgospfctl({"watch", "--json", "--only", "neighbors,routes"}); });
  EXPECT_TRUE(router_.eventually([&] { return router_.subscriptions_here() == 1; }));
  router_.advertise(1, 20);
  EXPECT_TRUE(router_.eventually([&] { return router_.instance().routes()->routes.size() == 4; }));
  server_->stop(std::chrono::system_clock::now() + std::chrono::seconds{10});
  client.join();
  EXPECT_EQ(outcome.status, 3);
  const auto end = Json::parse(outcome.err, nullptr, false);
  ASSERT_TRUE(end.is_object() && end.contains("error")) << outcome.err;
  EXPECT_EQ(end["error"]["code"], "unreachable");
  EXPECT_EQ(end["error"]["exit_status"], 3);
  EXPECT_EQ(end["error"]["message"], "wgospfd does not answer at " + socket_ + ": wgospfd is stopping.");
  std::istringstream lines(outcome.out);
  std::set<std::string> kinds;
  for (std::string line; std::getline(lines, line);) {
    const auto json = Json::parse(line, nullptr, false);
    ASSERT_TRUE(json.is_object()) << line;
    EXPECT_TRUE(json.contains("generation") && json.contains("time") && json["data"].is_object()) << line;
    kinds.insert(json["kind"]);
  }
  EXPECT_TRUE(kinds.contains("neighbor") && kinds.contains("route") && kinds.contains("snapshot_end"));
}

/// From this cursor on.
v1::WatchRequest since(const std::string& cursor, v1::WatchRequest request = {}) {
  request.set_since(cursor);
  return request;
}

TEST_F(Watch, GoesOnFromACursorWithWhatHasHappenedSinceInPlaceOfASnapshot) {
  Watcher first(stub());
  const auto cursor = first.until(Item::kSnapshotEnd).back().cursor();
  first.cancel();
  router_.set_tunnel(false);
  router_.set_tunnel(true);
  ASSERT_TRUE(router_.wait_for_full());
  Watcher second(stub(), since(cursor));
  const auto items = second.until(Item::kSnapshotEnd);
  std::vector<std::string> states;
  std::map<Item::ItemCase, int> kinds;
  for (const auto& item : items) {
    ++kinds[item.item_case()];
    EXPECT_NE(item.cursor(), "") << item.DebugString();
    if (item.has_interface_state_change()) states.push_back(item.interface_state_change().reason());
  }
  EXPECT_EQ(states, (std::vector<std::string>{"link down", "link up"}));
  EXPECT_TRUE(kinds[Item::kNeighborStateChange] > 0 && kinds[Item::kRouteRemoved] > 0);
  EXPECT_TRUE(kinds[Item::kInterface] == 0 && kinds[Item::kNeighbor] == 0 && kinds[Item::kGap] == 0);
  // The last one seen: nothing has happened since, and what does comes behind it.
  Watcher third(stub(), since(items.back().cursor(), only(v1::WATCH_TOPIC_ROUTES)));
  EXPECT_EQ(third.until(Item::kSnapshotEnd).size(), 1U);
  router_.advertise(1, 20);
  EXPECT_EQ(third.until(Item::kRoute).back().route().prefix(), "172.16.0.0/32");
}

// The set came before the cursor: what a route's change names is known all the same.
TEST_F(Watch, APastRouteHasItsNextHopsThoughTheirSetCameBeforeTheCursor) {
  Watcher first(stub());
  const auto cursor = first.until(Item::kSnapshotEnd).back().cursor();
  router_.advertise(1, 20);
  (void)first.until(Item::kRoute);
  Watcher second(stub(), since(cursor, only(v1::WATCH_TOPIC_ROUTES)));
  const auto items = second.until(Item::kSnapshotEnd);
  ASSERT_EQ(items.size(), 2U);
  ASSERT_EQ(items[0].route().next_hops_size(), 1);
  EXPECT_EQ(items[0].route().next_hops(0).interface(), "wg-op2");
  EXPECT_EQ(items[0].route().next_hops(0).address(), "10.9.0.2");
}

TEST_F(Watch, ACursorOfAnotherRunOrOfLongAgoIsAGapAndThenASnapshot) {
  Watcher other(stub(), since("ffffffffffffffff-5"));
  auto items = other.until(Item::kSnapshotEnd);
  EXPECT_EQ(items[0].gap().reason(), v1::WATCH_GAP_REASON_ANOTHER_RUN);
  EXPECT_EQ(items[0].gap().since(), "ffffffffffffffff-5");
  EXPECT_TRUE(items[1].has_interface());
  const auto cursor = items.back().cursor();
  const Notice notice{Severity::info, "noise", "x", std::nullopt};
  for (std::size_t i = 0; i <= History::kOthersKept; ++i) router_.publish(notice);
  Watcher old(stub(), since(cursor, only(v1::WATCH_TOPIC_NEIGHBORS)));
  items = old.until(Item::kSnapshotEnd);
  EXPECT_EQ(items[0].gap().reason(), v1::WATCH_GAP_REASON_TOO_OLD);
  EXPECT_TRUE(items[1].has_neighbor());
  // Of routes nothing is lost.
  Watcher routes(stub(), since(cursor, only(v1::WATCH_TOPIC_ROUTES)));
  EXPECT_EQ(routes.until(Item::kSnapshotEnd).size(), 1U);
}

TEST_F(Watch, ACursorThatIsNoneOrOfWhatIsYetToComeIsRefused) {
  for (const auto* text : {"nonsense", "00112233445566aa", "00112233445566aa-", "00112233445566aa-1x",
                           "00112233445566AA-1", "00112233445566aa-99999999999999999999"}) {
    Watcher watcher(stub(), since(text));
    EXPECT_EQ(watcher.next(), std::nullopt);
    const auto status = watcher.finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << text;
    EXPECT_THAT(status.error_message(), HasSubstr("is no cursor; take the one of the last change")) << text;
  }
  Watcher ahead(stub(), since("00112233445566aa-9999999"));
  EXPECT_EQ(ahead.next(), std::nullopt);
  EXPECT_THAT(ahead.finish().error_message(), HasSubstr("has not come to the event of the cursor"));
  EXPECT_TRUE(router_.eventually([&] { return router_.subscriptions_here() == 0; }));
}

TEST_F(Watch, WithoutFollowingItEndsAndSaysByItsStatusWhetherThereWasAGap) {
  auto outcome = wgospfctl({"watch", "--no-follow", "--json", "--only", "neighbors"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto line_at = outcome.out.rfind('{', outcome.out.rfind("snapshot_end"));
  const auto cursor = Json::parse(outcome.out.substr(line_at), nullptr, false)["cursor"].get<std::string>();
  router_.set_tunnel(false);
  outcome = wgospfctl({"watch", "--no-follow", "--only", "interfaces", "--since", cursor.c_str()});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("interface wg-op2: point-to-point -> down (link down)\n"));
  EXPECT_THAT(outcome.out, HasSubstr("changes follow (from here on: --since 00112233445566aa-"));
  outcome = wgospfctl({"watch", "--no-follow", "--since", "ffffffffffffffff-5"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(
      outcome.out,
      HasSubstr("since ffffffffffffffff-5 is not known any more, for wgospfd was started anew since"));
  EXPECT_THAT(outcome.err, HasSubstr("What has happened since the cursor is not known any more"));
}

}  // namespace
}  // namespace wgospf::daemon

// What another configuration would be calculated of: read in parts, between which the protocol runs.

#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/runner.h"

namespace wgospf::daemon {

namespace {
/// Entries of the database read in one turn.
constexpr std::size_t kEntriesPerTurn = 2000;
}  // namespace

struct Runner::Gathering {
  PreviewFacts facts;
  ospf::DatabaseCursor cursor;
  std::function<void(PreviewFacts)> done;
};

void Runner::gather(const Config& wanted, std::function<void(PreviewFacts)> done) {
  auto gathering = std::make_shared<Gathering>();
  gathering->facts.router_id = router_id_;
  gathering->facts.wanted = links_.core_config_of(wanted);
  gathering->done = std::move(done);
  gather_more(gathering);
}

void Runner::gather_more(const std::shared_ptr<Gathering>& gathering) {
  auto& facts = gathering->facts;
  auto part = instance_->database(gathering->cursor, kEntriesPerTurn, now());
  facts.lsas.insert(facts.lsas.end(), std::make_move_iterator(part.begin()),
                    std::make_move_iterator(part.end()));
  if (!gathering->cursor.done) {
    boost::asio::post(host_.loop(), [this, alive = alive_, gathering] {
      if (*alive) gather_more(gathering);
    });
    return;
  }
  facts.interfaces = instance_->interfaces();
  facts.neighbors = instance_->neighbors();
  facts.routes = instance_->routes();
  gathering->done(std::move(facts));
}

}  // namespace wgospf::daemon

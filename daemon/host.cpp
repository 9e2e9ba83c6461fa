#include "daemon/host.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/telling/words.h"

namespace wgospf::daemon {

namespace asio = boost::asio;

namespace {
/// How much of a long work is done in one turn; hellos wait meanwhile.
constexpr std::size_t kReportsPerTurn = 1000;
}  // namespace

Host::Host(asio::io_context& loop, wg::LinkMonitor monitor)
    : loop_(loop),
      teller_(loop, [this](ospf::LinkId link) { return link_name(link); }),
      jobs_(loop),
      links_(loop, jobs_, std::move(monitor)) {}

Host::~Host() {
  *alive_ = false;
  devices_.reset();
  rib_.reset();
  kernel_.reset();
}

std::string Host::link_name(ospf::LinkId link) const {
  return printable(names_.name_of(link));
}

std::optional<Error> Host::start_rib(rib::KernelConfig config, rib::TableConfig table, Callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  // On the kernel thread: only the hand-over.
  const rib::Callback hand_over = [this, &loop = loop_, alive = alive_](rib::Reports reports) {
    asio::post(loop, [this, alive, reports = std::move(reports)]() mutable {
      if (!*alive) return;
      const bool idle = reports_.empty();
      for (auto& report : reports) reports_.push_back(std::move(report));
      if (idle) take_rib_reports();
    });
  };
  auto started = rib::KernelThread::start(std::move(config), hand_over);
  if (!started) return started.error();
  kernel_ = std::move(started.value());
  auto attached = kernel_->attach(std::move(table), hand_over);
  if (!attached) return attached.error();
  rib_ = std::move(attached.value());
  connected_ = connected_prefixes(links_.inventory());
  rib_->set_connected(connected_);
  return std::nullopt;
}

void Host::start() {
  // On the device thread: only the hand-over.
  devices_ = std::make_unique<wg::DeviceThread>(
      wg::DeviceThreadOptions{}, [this, &loop = loop_, alive = alive_](wg::DeviceReports reports) {
        asio::post(loop, [this, alive, reports = std::move(reports)]() mutable {
          if (!*alive) return;
          callbacks_.devices_reported(reports);
          callbacks_.turn_end();
        });
      });
  LinkWatch::Callbacks callbacks;
  callbacks.changed = [this](const std::vector<wg::LinkEvent>& events) { on_links_changed(events); };
  callbacks.turn_end = callbacks_.turn_end;
  callbacks.trouble = [this](const std::string& trouble) { teller_.set_warning("links", trouble); };
  links_.start(std::move(callbacks));
}

void Host::on_links_changed(const std::vector<wg::LinkEvent>& events) {
  auto connected = connected_prefixes(links_.inventory());
  if (connected != connected_) {
    connected_ = std::move(connected);
    rib_->set_connected(connected_);
  }
  callbacks_.links_changed(events);
}

void Host::take_rib_reports() {
  for (std::size_t i = 0; i < kReportsPerTurn && !reports_.empty(); ++i) {
    const rib::Report report = std::move(reports_.front());
    reports_.pop_front();
    callbacks_.rib_reported(report);
  }
  callbacks_.turn_end();
  if (reports_.empty()) return;
  asio::post(loop_, [this, alive = alive_] {
    if (*alive) take_rib_reports();
  });
}

}  // namespace wgospf::daemon

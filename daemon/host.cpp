#include "daemon/host.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/telling/words.h"

namespace wgospf::daemon {

namespace asio = boost::asio;

namespace {
/// How much of a long work is done in one turn; hellos wait meanwhile.
constexpr std::size_t kReportsPerTurn = 1000;
constexpr std::uint32_t kMainTable = 254;
}  // namespace

Host::Host(asio::io_context& loop, LinkMonitor monitor)
    : loop_(loop),
      teller_(loop, [this](ospf::LinkId link) { return link_name(link); }),
      jobs_(loop),
      monitor_(std::move(monitor)),
      links_(monitor_->snapshot()) {}

Host::~Host() {
  *alive_ = false;
  icmp_.reset();
  devices_.reset();
  rib_apart_.reset();
  rib_.reset();
  kernel_.reset();
}

wg::IcmpProber& Host::icmp() {
  if (!icmp_) icmp_ = std::make_unique<wg::IcmpProber>();
  return *icmp_;
}

std::string Host::link_name(ospf::LinkId link) const {
  return printable(names_.name_of(link));
}

// On the kernel thread: only the hand-over.
rib::Callback Host::hand_over(TableOf table) {
  return [this, table, &loop = loop_, alive = alive_](rib::Reports reports) {
    asio::post(loop, [this, table, alive, reports = std::move(reports)]() mutable {
      if (!*alive) return;
      const bool idle = reports_.empty();
      for (auto& report : reports) reports_.emplace_back(std::move(report), table);
      if (idle) take_rib_reports();
    });
  };
}

std::optional<Error> Host::start_rib(rib::KernelConfig config, rib::TableConfig table, Callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  auto hear_links = [this, &loop = loop_, alive = alive_](rib::LinkNews news) {
    asio::post(loop, [this, alive, news = std::move(news)] {
      if (*alive && follows_links_) on_link_news(news);
    });
  };
  auto started = rib::KernelThread::start(std::move(config), hand_over(TableOf::common),
                                          {*std::move(monitor_), std::move(hear_links)});
  monitor_.reset();
  if (!started) return started.error();
  kernel_ = std::move(started.value());
  const bool is_main = table.table == kMainTable;
  rib::TableConfig apart{.table = rib::kApartTable, .metric = table.metric};
  auto attached = kernel_->attach(std::move(table), hand_over(TableOf::common));
  if (!attached) return attached.error();
  rib_ = std::move(attached.value());
  if (is_main) {
    auto attached_apart = kernel_->attach(std::move(apart), hand_over(TableOf::apart));
    if (!attached_apart) return attached_apart.error();
    rib_apart_ = std::move(attached_apart.value());
  }
  connected_ = connected_prefixes(links_.inventory());
  tell_connected();
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
}

void Host::on_link_news(const rib::LinkNews& news) {
  if (news.trouble) teller_.set_warning("links", *news.trouble);
  if (!news.events.empty()) on_links_changed(news.events);
  callbacks_.turn_end();
}

void Host::on_links_changed(const LinkEvents& events) {
  links_.take(events);
  auto connected = connected_prefixes(links_.inventory());
  if (connected != connected_) {
    connected_ = std::move(connected);
    tell_connected();
  }
  callbacks_.links_changed(events);
}

void Host::tell_connected() {
  rib_->set_connected(connected_);
  if (rib_apart_) rib_apart_->set_connected(connected_);
}

void Host::take_rib_reports() {
  for (std::size_t i = 0; i < kReportsPerTurn && !reports_.empty(); ++i) {
    const auto [report, table] = std::move(reports_.front());
    reports_.pop_front();
    callbacks_.rib_reported(report, table);
  }
  callbacks_.turn_end();
  if (reports_.empty()) return;
  asio::post(loop_, [this, alive = alive_] {
    if (*alive) take_rib_reports();
  });
}

}  // namespace wgospf::daemon

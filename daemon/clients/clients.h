#pragma once
// Clients, wired to the rest: readings of devices and other routers' claims go to the table (client_table.h), and
// what it decides goes to the announcements, the core, the kernel and the allowed-ips. On the loop.
//
//   Links ──── which peers are clients ──> ┌─────────────┐ ─ ExternalRoute ──> Redistribution ─> core
//   Device ─── readings, close together ─> │ ClientTable │ ─ OpaqueChanged ──> core
//   Core ───── OpaqueReceived, routes ───> └─────────────┘ ─ is it here? ────> ClientRoutes, AllowedIpsPlan

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/clients/client_routes.h"
#include "daemon/clients/client_table.h"
#include "daemon/config/config.h"
#include "daemon/host.h"

namespace wgospf::daemon {

class Clients {
 public:
  using V2 = ospf::V2;
  struct Callbacks {
    std::function<ClientPlaces()> places;                      ///< of the links
    std::function<void(const ospf::OpaqueChanged&)> claim;     ///< to the core
    std::function<void(const ospf::ExternalRoute&)> announce;  ///< from now on
    std::function<void(const Ipv4Prefix&)> withdraw;
    std::function<void()> service_changed;  ///< another one is_here(), or is not
    std::function<void()> turn_end;
    ClientTable::Beliefs beliefs;
  };
  /// `host` must outlive it.
  Clients(Host& host, ospf::RouterId self, Callbacks callbacks);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  /// Where OSPF's routes are in the kernel.
  void set_place(const RibSettings& place);
  /// The links, or what is known of their peers, may have changed.
  void follow();
  /// What others may announce has changed.
  void beliefs_changed();
  /// The ways to others have, by which they are believed or not.
  void ways_changed();
  /// The kernel may have lost routes.
  void links_changed();
  void take(const wg::DeviceRead& reading);
  void take(const ospf::OpaqueReceived& received);
  void take(const ospf::RouteChange<V2>& change);
  /// At the end of a turn: what has come together goes where it belongs.
  void pass_on();
  /// What a former run left in the kernel is not needed any more.
  void claim() { routes_.look_again(); }
  /// Nothing is announced or changed any more.
  void stop(rib::OnStop on_stop);

  [[nodiscard]] bool is_here(const wg::Key& key) const { return table_.served(key) != nullptr; }
  [[nodiscard]] std::vector<ClientView> views() const { return table_.views(); }

 private:
  using Time = ClientTable::Time;
  [[nodiscard]] static Time now() { return std::chrono::steady_clock::now(); }
  void read(const std::string& name, const wg::Device& device);
  void want_routes();
  void arm();

  Host& host_;
  Callbacks callbacks_;
  ClientTable table_;
  ClientRoutes routes_;
  ClientPlaces places_{};
  std::map<std::string, std::shared_ptr<const wg::Device>> readings_{};  ///< the last, by device
  std::chrono::steady_clock::time_point audited_at_{};
  boost::asio::steady_timer timer_;
  bool is_waiting_ = false;  ///< timer_ runs
  bool is_stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon

#pragma once
// The IPv6 link-local addresses that WireGuard interfaces are given (link_local_plan.h), kept up. On the loop; the
// kernel is asked on the jobs' thread.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/host.h"
#include "daemon/links/link_local_plan.h"
#include "daemon/router_view.h"

namespace wgospf::daemon {

class LinkLocals {
 public:
  /// `host` must outlive it.
  explicit LinkLocals(Host& host) : host_(host) {}
  ~LinkLocals() { *alive_ = false; }
  LinkLocals(const LinkLocals&) = delete;
  LinkLocals& operator=(const LinkLocals&) = delete;

  /// These are the configured devices now: what their interfaces lack is added. Whenever something has changed, and
  /// every few seconds for what could not be done.
  void follow(std::vector<LinkLocalDevice> devices);
  /// The addresses that the interfaces have.
  void add_to(std::vector<WireguardView>& views) const;
  /// Takes all of it back; `done` is called when that has been tried. Nothing is followed any more.
  void give_back(std::function<void()> done);

 private:
  struct Work {
    LinkLocalChanges changes{};
    Result<void> result{};
  };
  [[nodiscard]] LinkLocalChanges changes_of(const LinkLocalDevice& device);
  void look(const LinkLocalDevice& device);
  void carry_out(LinkLocalChanges changes, std::function<void()> done = {});
  static Result<void> set(const LinkLocalChanges& changes);
  void tell(const Work& work);

  Host& host_;
  std::vector<LinkLocalDevice> devices_;
  LinkLocalPlan plan_;
  bool is_over_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon

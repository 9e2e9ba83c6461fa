#include "daemon/links/link_locals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/link_change.h"

namespace wgospf::daemon {

namespace {

/// IPv6 is switched off, of the kernel or of the interface: then nobody waits for such an address.
bool is_without_ipv6(const Error& error) {
  return error.system_error == EACCES || error.system_error == EAFNOSUPPORT ||
         error.system_error == EOPNOTSUPP;
}

}  // namespace

void LinkLocals::follow(std::vector<LinkLocalDevice> devices) {
  if (is_over_) return;
  for (auto former : std::exchange(devices_, std::move(devices))) {
    const bool is_gone = std::none_of(devices_.begin(), devices_.end(),
                                      [&](const auto& device) { return device.name == former.name; });
    if (!is_gone || !former.is_wanted) continue;
    former.is_wanted = false;
    look(former);
  }
  for (const auto& device : devices_) look(device);
}

LinkLocalChanges LinkLocals::changes_of(const LinkLocalDevice& device) {
  const Link* link = find_link(host_.links().inventory(), device.ifindex);
  if (link == nullptr || link->name != device.name) return {};
  return plan_.next(device, *link);
}

void LinkLocals::look(const LinkLocalDevice& device) {
  auto changes = changes_of(device);
  if (!changes.empty()) carry_out(std::move(changes));
}

// What is there then the kernel tells; what failed is tried with the next look.
void LinkLocals::carry_out(LinkLocalChanges changes, std::function<void()> done) {
  auto work = std::make_shared<Work>(Work{std::move(changes)});
  host_.jobs().run([work] { work->result = set(work->changes); },
                   [this, work, done = std::move(done), alive = alive_] {
                     if (!*alive) return;
                     plan_.done(work->changes, static_cast<bool>(work->result));
                     tell(*work);
                     if (done) done();
                   });
}

Result<void> LinkLocals::set(const LinkLocalChanges& changes) {
  Result<void> result;
  const auto note = [&result](Result<void> step) {
    if (result && !step) result = std::move(step);
  };
  if (changes.generation) note(set_address_generation(changes.ifindex, *changes.generation));
  if (changes.add) note(add_address(changes.ifindex, *changes.add));
  for (const auto& address : changes.remove) note(remove_address(changes.ifindex, address));
  return result;
}

void LinkLocals::tell(const Work& work) {
  const auto& changes = work.changes;
  const bool is_failed = !work.result && !is_without_ipv6(work.result.error()) &&
                         work.result.error().code != ErrorCode::not_found;
  host_.teller().set_warning("link_local/" + changes.name,
                             is_failed
                                 ? fmt::format("interface {}: its IPv6 link-local address cannot be set: {}",
                                               changes.name, work.result.error().text)
                                 : std::string());
  if (changes.add && work.result)
    host_.teller().notice(Severity::info, "link_local_set",
                          fmt::format("interface {} has the IPv6 link-local address of its key, {}",
                                      changes.name, changes.add->to_string()));
}

void LinkLocals::add_to(std::vector<WireguardView>& views) const {
  for (auto& view : views) {
    if (view.device == nullptr || !view.device->public_key) continue;
    const Link* link = find_link(host_.links().inventory(), view.device->ifindex);
    if (link != nullptr && link->name == view.device->name)
      view.link_local = own_link_local(*link, *view.device->public_key);
  }
}

void LinkLocals::give_back(std::function<void()> done) {
  is_over_ = true;
  auto left = std::make_shared<std::size_t>(1);
  const auto one_less = [left, done = std::move(done)] {
    if (--*left == 0) done();
  };
  for (auto& device : devices_) {
    device.is_wanted = false;
    auto changes = changes_of(device);
    if (changes.empty()) continue;
    ++*left;
    carry_out(std::move(changes), one_less);
  }
  one_less();
}

}  // namespace wgospf::daemon

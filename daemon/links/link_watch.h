#pragma once
// The links of this machine as the kernel thread tells of them.

#include <string>
#include <utility>

#include "net/links.h"

namespace wgospf::daemon {

class LinkWatch {
 public:
  explicit LinkWatch(Inventory links) : links_(std::move(links)) {}
  void take(const LinkEvents& events) { follow(events, links_); }

  [[nodiscard]] const Inventory& inventory() const { return links_; }
  /// Null when there is none.
  [[nodiscard]] const Link* find(std::uint32_t ifindex) const { return find_link(links_, ifindex); }
  /// By its name or one of its further names.
  [[nodiscard]] const Link* find(const std::string& name) const { return find_link(links_, name); }
  /// What the kernel calls an interface that the configuration may know by another of its names.
  [[nodiscard]] std::string system_name(const std::string& name) const;
  [[nodiscard]] bool is_wireguard(const std::string& name) const;

 private:
  Inventory links_;
};

}  // namespace wgospf::daemon

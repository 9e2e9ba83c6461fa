#pragma once
// Internal: the pure half of the link inventory. Bytes of rtnetlink in, events out; no socket.

#include <linux/netlink.h>

#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "wgadapter/links.h"

namespace wgospf::wg {

enum class Presence : std::uint8_t { present, gone };

/// RTM_NEWLINK or RTM_DELLINK; `link` without addresses.
struct LinkMessage {
  Presence presence = Presence::present;
  /// A wireless event: it names the link and carries nothing else, which does not mean that there is none.
  bool partial = false;
  Link link{};
};
/// RTM_NEWADDR or RTM_DELADDR.
struct AddressMessage {
  Presence presence = Presence::present;
  std::uint32_t ifindex = 0;
  LinkAddress address{};
};
/// monostate: nothing that concerns the inventory (another type, another family).
using InventoryMessage = std::variant<std::monostate, LinkMessage, AddressMessage>;

/// nullopt when the message breaks its format.
[[nodiscard]] std::optional<InventoryMessage> parse_inventory_message(const nlmsghdr& message);

/// The links by ifindex, and what each message changes.
class LinkTable {
 public:
  /// The events that a notification causes: none when it says nothing new.
  [[nodiscard]] std::vector<LinkEvent> apply(const InventoryMessage& message);
  /// Takes a fresh reading and returns the difference: removals first. Order of addresses is no difference.
  [[nodiscard]] std::vector<LinkEvent> replace(std::map<std::uint32_t, Link> links);
  [[nodiscard]] const std::map<std::uint32_t, Link>& links() const { return links_; }

 private:
  [[nodiscard]] std::vector<LinkEvent> apply_link(const LinkMessage& message);
  [[nodiscard]] std::vector<LinkEvent> apply_address(const AddressMessage& message);

  std::map<std::uint32_t, Link> links_;
};

}  // namespace wgospf::wg

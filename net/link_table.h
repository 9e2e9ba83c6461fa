#pragma once
// The pure half of the link inventory: bytes of rtnetlink in, events out; no socket.

#include <cstdint>
#include <optional>
#include <variant>

#include "net/links.h"
#include "net/netlink.h"

namespace wgospf {

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

/// One message, its nlmsghdr included; nullopt when it breaks its format.
[[nodiscard]] std::optional<InventoryMessage> parse_inventory_message(netlink::Bytes message);

/// The links by ifindex, and what each message changes.
class LinkTable {
 public:
  /// The events that a notification causes: none when it says nothing new.
  [[nodiscard]] LinkEvents apply(const InventoryMessage& message);
  /// Takes a fresh reading and returns the difference: removals first. Order of addresses is no difference.
  [[nodiscard]] LinkEvents replace(Inventory links);
  [[nodiscard]] const Inventory& links() const { return links_; }

 private:
  [[nodiscard]] LinkEvents apply_link(const LinkMessage& message);
  [[nodiscard]] LinkEvents apply_address(const AddressMessage& message);

  Inventory links_;
};

}  // namespace wgospf

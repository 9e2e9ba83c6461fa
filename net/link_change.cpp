#include "net/link_change.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "net/netlink.h"
#include "net/netlink_socket.h"

namespace wgospf {

namespace {

constexpr std::uint8_t kSubnetLength = 64;

Result<void> request(std::string place, netlink::MessageBuffer& message) {
  constexpr std::chrono::seconds kTimeout{5};
  auto socket = netlink::Socket::open({.place = std::move(place)});
  if (!socket) return socket.error();
  return socket->request(message.bytes(), std::chrono::steady_clock::now() + kTimeout,
                         [](netlink::Bytes) { return Result<void>(); });
}

std::string of_interface(const char* what, std::uint32_t ifindex) {
  return std::string(what) + " of interface index " + std::to_string(ifindex);
}

ifinfomsg link_at(std::uint32_t ifindex) {
  ifinfomsg link{};
  link.ifi_index = static_cast<int>(ifindex);
  return link;
}

netlink::MessageBuffer address_message(std::uint16_t type, std::uint16_t flags, std::uint32_t ifindex,
                                       const Ipv6Address& address) {
  netlink::MessageBuffer message;
  message.begin(type, static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags));
  ifaddrmsg header{};
  header.ifa_family = AF_INET6;
  header.ifa_prefixlen = kSubnetLength;
  header.ifa_index = ifindex;
  message.put_header(header);
  message.put_address(IFA_LOCAL, address);
  return message;
}

}  // namespace

Result<void> set_link_mtu(std::uint32_t ifindex, std::uint32_t mtu) {
  netlink::MessageBuffer message;
  message.begin(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK);
  message.put_header(link_at(ifindex));
  message.put_u32(IFLA_MTU, mtu);
  message.end();
  return request(of_interface("the MTU", ifindex), message);
}

Result<void> set_address_generation(std::uint32_t ifindex, std::uint8_t mode) {
  const std::array<std::byte, 1> value{std::byte{mode}};
  netlink::MessageBuffer of_mode, of_family, message;
  of_mode.put_attribute(IFLA_INET6_ADDR_GEN_MODE, value);
  of_family.put_attribute(AF_INET6 | NLA_F_NESTED, std::as_const(of_mode).bytes());
  message.begin(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK);
  message.put_header(link_at(ifindex));
  message.put_attribute(IFLA_AF_SPEC | NLA_F_NESTED, std::as_const(of_family).bytes());
  message.end();
  return request(of_interface("the address generation", ifindex), message);
}

Result<void> add_address(std::uint32_t ifindex, const Ipv6Address& address) {
  const std::array<std::byte, 1> protocol{std::byte{kAddressProtocol}};
  auto message = address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, address);
  message.put_u32(IFA_FLAGS, IFA_F_NODAD);
  message.put_attribute(IFA_PROTO, protocol);
  message.end();
  auto added = request(of_interface("the addresses", ifindex), message);
  if (!added && added.error().system_error == EEXIST) return {};
  return added;
}

Result<void> remove_address(std::uint32_t ifindex, const Ipv6Address& address) {
  auto message = address_message(RTM_DELADDR, 0, ifindex, address);
  message.end();
  auto removed = request(of_interface("the addresses", ifindex), message);
  if (!removed && removed.error().system_error == EADDRNOTAVAIL) return {};
  return removed;
}

}  // namespace wgospf

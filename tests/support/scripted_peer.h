#pragma once
// A neighbour made of the codec and a few rules, for tests that must say exactly what a router receives.
//
// It does what a well-behaved OSPFv2 router on a point-to-point link does on a lossless wire: hellos, the
// database exchange as master or slave, answers to requests, an acknowledgement of every LSA. It never
// floods, ages or computes, and it holds what it was given.

#include <optional>
#include <set>
#include <vector>

#include "ospf/instance.h"
#include "ospf/v2/v2.h"

namespace wgospf::test {

class ScriptedPeer {
 public:
  using V2 = ospf::V2;
  using Bytes = std::vector<std::byte>;

  struct Identity {
    ospf::RouterId router_id;
    Ipv4Address address;
    std::uint32_t network_mask = 0xffffff00;
    std::uint16_t hello_interval = 10;  ///< seconds
    std::uint32_t dead_interval = 40;   ///< seconds
    ospf::AreaId area{};
    std::uint8_t options = ospf::Options::kExternal;  ///< of hellos; descriptions say O too, and no N
  };
  /// `database`: the LSAs it describes and gives when asked.
  ScriptedPeer(Identity identity, std::vector<ospf::Lsa> database);

  [[nodiscard]] Ipv4Address address() const { return identity_.address; }
  /// Its hello now: lists the neighbour once it was heard.
  [[nodiscard]] Bytes hello() const;
  /// What it answers to a packet, in order.
  [[nodiscard]] std::vector<Bytes> receive(std::span<const std::byte> packet);

 private:
  enum class Headers { none, all };
  [[nodiscard]] Bytes description(ospf::DdFlags flags, Headers headers) const;
  [[nodiscard]] std::vector<Bytes> receive_description(ospf::RouterId from,
                                                       const ospf::DatabaseDescription& theirs);
  [[nodiscard]] std::vector<Bytes> answer_as_slave(const ospf::DatabaseDescription& theirs);
  [[nodiscard]] std::vector<Bytes> restart();
  template <class Body>
  [[nodiscard]] Bytes encode(const Body& body) const {
    return V2::encode(identity_.router_id, identity_.area, body);
  }

  Identity identity_;
  std::vector<ospf::Lsa> database_;
  ospf::RouterId heard_;
  std::uint32_t dd_sequence_number_ = 1000;
  bool described_ = false;  ///< its headers went out in this exchange
};

/// A real Instance<V2> with scripted peers on its links, on one simulated clock.
class Bench {
 public:
  using V2 = ospf::V2;
  struct Link {
    ospf::LinkId link;
    ospf::DeviceStatus status;
    std::optional<ScriptedPeer> peer;
  };
  struct Sent {
    ospf::Instant at;
    ospf::LinkId link;
    ospf::PacketBytes bytes;
  };
  static constexpr ospf::LinkId kFirstLink{1}, kSecondLink{2};
  static constexpr Ipv4Address kAllSpfRouters{0xe0000005};

  Bench(ospf::InstanceConfig config, std::vector<Link> links);
  /// The router 1.1.1.1 with 10.0.0.1/24 and 10.0.1.1/24, point-to-point, hello 10, dead 40; 2.2.2.2 at
  /// 10.0.0.2 on the first link, holding `database`, and 4.4.4.4 at 10.0.1.2 on the second, holding its own
  /// router-LSA.
  explicit Bench(std::vector<ospf::Lsa> database);

  /// Until all peers are Full and nothing is left to acknowledge or send; false after a simulated minute.
  [[nodiscard]] bool bring_up();
  /// All peers Full, nothing to acknowledge or request.
  [[nodiscard]] bool is_settled() const;
  /// A packet that arrives now, from `source` at 224.0.0.5 on the first link. The router's answers go to the
  /// peers, as always.
  void inject(std::span<const std::byte> packet, Ipv4Address source) {
    inject(packet, source, kAllSpfRouters);
  }
  /// The same to another destination, as from a host that routes reach the router from.
  void inject(std::span<const std::byte> packet, Ipv4Address source, Ipv4Address destination);
  /// Any other input.
  void handle(const ospf::Input& input);
  /// Takes the link down, or brings it up as it was at first.
  void set_link(ospf::LinkId link, bool up);
  void run_for(ospf::Duration duration);
  /// From now on the peer on this link says nothing: no hellos, no answers.
  void silence(ospf::LinkId link) { silent_.insert(link); }

  [[nodiscard]] const ospf::Instance<V2>& router() const { return router_; }
  [[nodiscard]] ospf::Instant now() const { return now_; }
  /// Everything the router sent since clear_sent().
  [[nodiscard]] const std::vector<Sent>& sent() const { return sent_; }
  void clear_sent() { sent_.clear(); }
  /// At some instant router and peers did not stop talking.
  [[nodiscard]] bool storm() const { return storm_; }
  [[nodiscard]] std::optional<ospf::NeighborInfo> neighbor(ospf::RouterId router_id) const;

 private:
  [[nodiscard]] Link& link(ospf::LinkId id);
  void receive(const Link& link, std::span<const std::byte> packet);
  void drain();
  void send_hellos();

  ospf::Instant now_{ospf::seconds{1000}};
  std::vector<Link> links_;
  std::set<ospf::LinkId> silent_;
  ospf::Duration hello_interval_;
  ospf::Instant next_hello_ = now_;
  ospf::Instance<V2> router_;
  std::vector<Sent> sent_;
  bool storm_ = false;
};

/// A router-LSA of `router` for fixtures: point-to-point links to `neighbors`, stub networks, cost 10 each.
[[nodiscard]] ospf::Lsa make_router_lsa(ospf::RouterId router, const std::vector<ospf::RouterId>& neighbors,
                                        const std::vector<Ipv4Prefix>& stubs, std::uint8_t flags = 0);

}  // namespace wgospf::test

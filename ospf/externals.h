#pragma once
// What this router says of prefixes outside: the AS-external-LSAs (RFC 2328 section 12.4.4) of what the driver announces
// and of what is translated out of NSSAs, and the type 7 LSAs of each NSSA (RFC 3101 section 2.4).
//
// What is announced goes into the AS where some area takes AS-external-LSAs, and into each NSSA. There it is to be
// translated (the P-bit) unless this router says it in the AS itself, and then names an address of its own in the NSSA
// as the forwarding address. A border router says a default route there too, which is never translated, unless it has its
// own from there.

#include <map>
#include <memory>
#include <optional>

#include "ospf/core.h"
#include "ospf/input.h"
#include "ospf/origination.h"
#include "ospf/prefix_lsas.h"

namespace wgospf::ospf {

class Externals {
 public:
  Externals(Core& core, Origination& origination);

  void change(const ExternalsChanged& change);
  /// The instance originates from now on.
  void originate_all();
  /// Areas are configured or gone, or what is known of an area's interfaces, or of this router as a border router, may
  /// differ.
  void refresh();
  /// Before its database goes.
  void area_removed(AreaId area);
  /// What is translated into the AS (RFC 3101 section 3.2), unless it is announced there; nullopt: no more.
  void translate(const IpPrefix& prefix, const std::optional<ExternalRoute>& route);
  /// Our own default route leads into this NSSA, by one that is said there: none is said back, or packets would go round.
  void default_leads_into(std::optional<AreaId> nssa);
  /// Nothing is announced.
  [[nodiscard]] bool empty() const { return announced_.empty(); }
  void measure(Footprint& footprint) const;

 private:
  struct NssaExternal {
    ExternalRoute route;
    PBit p_bit = PBit::clear;
  };
  /// What type 7 LSAs of an area have in common.
  struct Terms {
    PBit p_bit = PBit::clear;
    std::optional<IpAddress> forwarding_address;
    std::optional<std::uint32_t> default_metric;
    bool operator==(const Terms&) const = default;
  };
  struct Nssa {
    Terms terms;
    PrefixLsas<NssaExternal> lsas;
  };

  void say(const IpPrefix& prefix);
  void say_in_as(const IpPrefix& prefix);
  void say_in(Nssa& nssa, const IpPrefix& prefix);
  [[nodiscard]] Terms terms_of(const Area& area) const;
  [[nodiscard]] std::unique_ptr<Nssa> make_nssa(const Area& area);
  [[nodiscard]] bool is_of_our_family(const IpPrefix& prefix);
  void use_free_ids();

  Core& core_;
  Origination& origination_;
  std::map<IpPrefix, ExternalRoute> announced_, translated_;
  std::optional<AreaId> default_leads_into_;
  bool speaks_in_as_ = true;  ///< some area takes AS-external-LSAs
  PrefixLsas<ExternalRoute> in_as_;
  std::map<AreaId, std::unique_ptr<Nssa>> in_nssas_;
};

}  // namespace wgospf::ospf

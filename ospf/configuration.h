#pragma once
// Configured areas and interfaces: only what differs is touched.

#include "ospf/input.h"
#include "ospf/parts.h"

namespace wgospf::ospf {

class Configuration {
 public:
  explicit Configuration(Parts& parts) : parts_(parts), core_(parts.core) {}

  /// The first one.
  void apply(const InstanceConfig& first);
  void reconfigure(const Reconfigure& command);

 private:
  void change(const InstanceConfig& former, const InstanceConfig& next);
  void remove_changed_areas(const InstanceConfig& former, const InstanceConfig& next);
  void add_areas(const InstanceConfig& next);
  void flush_removed_areas(const InstanceConfig& former, const InstanceConfig& next);
  void flush_area(AreaId id);
  void remove_areas(const InstanceConfig& former, const InstanceConfig& next);
  void remove_area(AreaId id);
  void remove_interfaces(const InstanceConfig& former, const InstanceConfig& next);
  void remove_interface(LinkId link, InterfaceReason reason);
  void add_interface(const InterfaceConfig& config);
  void change_interface(Interface& interface, const InterfaceConfig& config);
  void end_refused_neighbors(const InstanceConfig& next);
  void rearm_refresh();

  Parts& parts_;
  Core& core_;
};

}  // namespace wgospf::ospf

#pragma once
// The leaves that `defaults`, interfaces, `peer-defaults` and peers have in common.

#include "daemon/config/config.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::daemon {

/// Whether the configuration says the dead interval, at this place or at one that it inherits from: if not, it
/// follows from the hello interval.
enum class DeadInterval : bool { follows, given };

/// `settings` are as inherited; what the mapping says is put in their place.
[[nodiscard]] DeadInterval read_link_settings(MapReader& map, LinkSettings& settings, DeadInterval inherited,
                                              ConfigErrors& errors);

}  // namespace wgospf::daemon

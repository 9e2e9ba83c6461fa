#pragma once
// The section `redistribute` of the configuration.

#include <map>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::daemon {

class RedistributionReader {
 public:
  explicit RedistributionReader(ConfigErrors& errors) : errors_(errors) {}
  /// Adds what stands in one entry of `redistribute`.
  void read(const YAML::Node& node, Config& config);

 private:
  struct PlacedFilter {
    PrefixFilter filter;
    std::size_t entry;  ///< of redistribute
    YAML::Mark mark;
    ConfigErrors::Place place;
  };

  /// False when it stays open whose routes are meant.
  [[nodiscard]] bool read_source(MapReader& map, RedistributeRule& rule);
  /// `source` is empty when it is not known what the entry is about: then nothing can overlap.
  void read_prefixes(MapReader& map, const std::string& source, std::size_t entry, RedistributeRule& rule);
  [[nodiscard]] PlacedFilter placed(const PrefixFilter& filter, std::size_t entry,
                                    const YAML::Mark& mark) const;
  /// Between two entries an overlap leaves open which metric and type a prefix is announced with. Within one
  /// entry nothing is open, but a filter that lets through nothing new was hardly meant.
  void check_overlap(const PlacedFilter& added, const std::string& source);

  ConfigErrors& errors_;
  std::map<std::string, std::vector<PlacedFilter>> redistributed_;  ///< by source
};

}  // namespace wgospf::daemon

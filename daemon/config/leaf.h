#pragma once
// What is known of a leaf of the configuration before any file is read. The leaves themselves are in
// leaves.h, which is generated from leaves.yaml.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace wgospf::daemon {

struct NumberRange {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  std::string_view unit{};  ///< "seconds", or empty
};

namespace leaf {

struct Leaf {
  std::string_view name;
};

/// `value` is the default where there is one.
template <class T>
struct NumberLeaf : Leaf {
  NumberRange range;
  T value;
};

struct BooleanLeaf : Leaf {
  bool value;
};

struct ChoiceLeaf : Leaf {
  std::span<const std::string_view> values;
  std::size_t value;
};

struct TextLeaf : Leaf {
  std::string_view value;
};

struct MappingLeaf : Leaf {};

struct ListLeaf : Leaf {};

struct RequiredLeaf {
  std::string_view name;
  std::string_view example;  ///< what its absence is cured with
};

/// A mapping of the file.
struct Section {
  std::string_view what;  ///< its name in errors: "an interface", "rib"
  std::span<const std::string_view> known;
  std::span<const std::string_view> not_built;  ///< of RFC 9129, but nothing here does it yet
  std::span<const RequiredLeaf> required;
};

}  // namespace leaf
}  // namespace wgospf::daemon

#pragma once
// How much an instance holds, container by container: what tests compare before and after, and what an
// operator would want to see grow. Pure and cheap: sizes only, nothing is walked but interfaces, neighbours,
// areas and databases.
//
// Two kinds. What is *held* stands for something that is there now (an LSA, a neighbour, a packet to be sent)
// and goes with it: at rest it depends on the present state alone. *Room* is the memory of slots and numbers
// that are given out again: it grows to what was ever held at one time, and no further.

#include <cstddef>
#include <string_view>
#include <vector>

namespace wgospf::ospf {

struct Footprint {
  enum class Kind : unsigned char { held, room };
  struct Item {
    std::string_view name;  ///< a literal
    Kind kind = Kind::held;
    std::size_t size = 0;  ///< elements
    bool operator==(const Item&) const = default;
  };
  std::vector<Item> items;  ///< each name once, in the order of the parts

  void held(std::string_view name, std::size_t size) { add(name, Kind::held, size); }
  void room(std::string_view name, std::size_t size) { add(name, Kind::room, size); }
  /// 0 for a name that is not there.
  [[nodiscard]] std::size_t operator[](std::string_view name) const {
    for (const Item& item : items)
      if (item.name == name) return item.size;
    return 0;
  }
  bool operator==(const Footprint&) const = default;

 private:
  /// Containers of one name (one for each neighbour, say) are counted together.
  void add(std::string_view name, Kind kind, std::size_t size) {
    for (Item& item : items)
      if (item.name == name) return void(item.size += size);
    items.push_back({name, kind, size});
  }
};

}  // namespace wgospf::ospf

#pragma once
// A heap with four children to a node, which halves the depth and keeps siblings in one cache line: the two
// movements, over nodes that the caller keeps. `place(position, node)` writes a node where it now stands, so
// that the caller can note where that is; `before(a, b)` is the order, smallest first.

#include <cstddef>

namespace wgospf::ospf {

/// `node` goes up from `position`, whatever is there, to where it belongs.
template <class Nodes, class Node, class Before, class Place>
void heap_sift_up(const Nodes& nodes, std::size_t position, const Node& node, Before&& before,
                  Place&& place) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / 4;
    if (!before(node, nodes[parent])) break;
    place(position, nodes[parent]);
    position = parent;
  }
  place(position, node);
}

/// `node` goes down from `position`, whatever is there, to where it belongs.
template <class Nodes, class Node, class Before, class Place>
void heap_sift_down(const Nodes& nodes, std::size_t position, const Node& node, Before&& before,
                    Place&& place) {
  const std::size_t size = nodes.size();
  for (std::size_t child = 4 * position + 1; child < size; child = 4 * position + 1) {
    std::size_t best = child;
    const auto compare = [&](std::size_t other) {
      if (before(nodes[other], nodes[best])) best = other;
    };
    if (child + 4 <= size) {  // nearly always
      compare(child + 1);
      compare(child + 2);
      compare(child + 3);
    } else {
      for (std::size_t other = child + 1; other < size; ++other) compare(other);
    }
    if (!before(nodes[best], node)) break;
    place(position, nodes[best]);
    position = best;
  }
  place(position, node);
}

}  // namespace wgospf::ospf

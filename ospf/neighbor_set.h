#pragma once
// Neighbours by small numbers. A NeighborId is a slot of the core's table (neighbor_table.h): as many as there
// ever were neighbours at one time, so that a set of them is a few words of bits.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ospf/types.h"

namespace wgospf::ospf {

/// A neighbour of this instance, on whatever interface. Given out again after it is gone.
using NeighborId = Strong<struct NeighborIdTag>;

/// A set of neighbours. In words of 64, the lowest number first.
class NeighborSet {
 public:
  static constexpr std::size_t kWordBits = 64;
  [[nodiscard]] static constexpr std::size_t word_of(NeighborId id) { return id.value / kWordBits; }
  [[nodiscard]] static constexpr std::uint64_t bit_of(NeighborId id) {
    return std::uint64_t{1} << (id.value % kWordBits);
  }

  void insert(NeighborId id) {
    if (words_.size() <= word_of(id)) words_.resize(word_of(id) + 1);
    words_[word_of(id)] |= bit_of(id);
  }
  void erase(NeighborId id) {
    if (word_of(id) < words_.size()) words_[word_of(id)] &= ~bit_of(id);
  }
  [[nodiscard]] bool contains(NeighborId id) const {
    return word_of(id) < words_.size() && (words_[word_of(id)] & bit_of(id)) != 0;
  }
  void insert_all(std::span<const std::uint64_t> words) {
    if (words_.size() < words.size()) words_.resize(words.size());
    for (std::size_t i = 0; i < words.size(); ++i) words_[i] |= words[i];
  }
  void clear() { words_.clear(); }
  [[nodiscard]] bool empty() const {
    for (const std::uint64_t word : words_)
      if (word != 0) return false;
    return true;
  }
  [[nodiscard]] std::size_t size() const {
    std::size_t count = 0;
    for (const std::uint64_t word : words_) count += static_cast<std::size_t>(std::popcount(word));
    return count;
  }
  [[nodiscard]] std::span<const std::uint64_t> words() const { return words_; }
  /// In order of numbers. The visitor may take what it visits out of the set.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i) for_each_bit(i, words_[i], visit);
  }
  /// The neighbours of a word that stands at `index`.
  template <class Visitor>
  static void for_each_bit(std::size_t index, std::uint64_t word, Visitor&& visit) {
    for (; word != 0; word &= word - 1)
      visit(NeighborId{static_cast<std::uint32_t>(index * kWordBits) +
                       static_cast<std::uint32_t>(std::countr_zero(word))});
  }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace wgospf::ospf

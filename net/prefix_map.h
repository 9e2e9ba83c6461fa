#pragma once
// A hash map with prefixes as keys, for who asks it tens of thousands of times in a turn, when little of it is in the
// processor's caches: a search looks at one place of the table and at the entry, where std::unordered_map goes through
// the entries that stand before it in its bucket and divides for each of them.
//
// Open addressing with linear probing, at most 3/4 full. Erasing shifts the followers back, so a table that churns for a
// year is as fast as a fresh one. An entry stays at its address until it is erased; iterators do not outlive an insertion
// or erasure.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "net/ip.h"

namespace wgospf {

template <class Prefix, class Value>
class PrefixMap {
 public:
  using value_type = std::pair<const Prefix, Value>;

 private:
  struct Cell {
    std::unique_ptr<value_type> entry{};
    std::uint64_t hash = 0;
  };
  template <bool kIsConst>
  class Walk {
    using Cells = std::conditional_t<kIsConst, const std::vector<Cell>, std::vector<Cell>>;

   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = PrefixMap::value_type;
    using difference_type = std::ptrdiff_t;
    using reference = std::conditional_t<kIsConst, const value_type&, value_type&>;
    using pointer = std::conditional_t<kIsConst, const value_type*, value_type*>;

    Walk() = default;
    Walk(Cells& cells, std::size_t cell) : cells_(&cells), cell_(cell) {}
    template <bool kOther>
    requires(kIsConst && !kOther) Walk(const Walk<kOther>& other)
        : cells_(other.cells_), cell_(other.cell_) {}
    reference operator*() const { return *(*cells_)[cell_].entry; }
    pointer operator->() const { return (*cells_)[cell_].entry.get(); }
    Walk& operator++() {
      ++cell_;
      skip();
      return *this;
    }
    Walk operator++(int) {
      Walk before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Walk& other) const { return cell_ == other.cell_; }
    void skip() {
      while (cell_ < cells_->size() && (*cells_)[cell_].entry == nullptr) ++cell_;
    }

   private:
    friend class PrefixMap;
    friend class Walk<true>;
    Cells* cells_ = nullptr;
    std::size_t cell_ = 0;
  };

 public:
  using iterator = Walk<false>;
  using const_iterator = Walk<true>;

  PrefixMap() = default;
  PrefixMap(PrefixMap&& other) noexcept
      : cells_(std::exchange(other.cells_, {})), size_(std::exchange(other.size_, 0)) {}
  PrefixMap& operator=(PrefixMap&& other) noexcept {
    cells_ = std::exchange(other.cells_, {});
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  /// In no order.
  [[nodiscard]] iterator begin() { return first<iterator>(cells_); }
  [[nodiscard]] iterator end() { return {cells_, cells_.size()}; }
  [[nodiscard]] const_iterator begin() const { return first<const_iterator>(cells_); }
  [[nodiscard]] const_iterator end() const { return {cells_, cells_.size()}; }

  [[nodiscard]] iterator find(const Prefix& prefix) { return {cells_, place_of(prefix)}; }
  [[nodiscard]] const_iterator find(const Prefix& prefix) const { return {cells_, place_of(prefix)}; }
  [[nodiscard]] bool contains(const Prefix& prefix) const { return place_of(prefix) != cells_.size(); }

  /// Where the prefix is, and whether it is new: then its value is made of the arguments.
  template <class... Arguments>
  std::pair<iterator, bool> try_emplace(const Prefix& prefix, Arguments&&... arguments) {
    const std::uint64_t hash = hash_value(prefix);
    if (const std::size_t found = search(prefix, hash); found != cells_.size())
      return {{cells_, found}, false};
    if (size_ >= cells_.size() / 4 * 3) grow();
    const std::size_t cell = free_cell(hash);
    cells_[cell].entry =
        std::make_unique<value_type>(std::piecewise_construct, std::forward_as_tuple(prefix),
                                     std::forward_as_tuple(std::forward<Arguments>(arguments)...));
    cells_[cell].hash = hash;
    ++size_;
    return {{cells_, cell}, true};
  }

  void erase(const_iterator at) {
    std::size_t hole = at.cell_;
    cells_[hole].entry.reset();
    for (std::size_t cell = next(hole); cells_[cell].entry != nullptr; cell = next(cell)) {
      // A follower moves into the hole unless that would put it before its home.
      const std::size_t home = cells_[cell].hash & mask();
      if (((cell - home) & mask()) < ((cell - hole) & mask())) continue;
      cells_[hole] = std::move(cells_[cell]);
      hole = cell;
    }
    --size_;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  static constexpr std::size_t kSmallest = 16;  // a power of two

  [[nodiscard]] std::size_t mask() const { return cells_.size() - 1; }
  [[nodiscard]] std::size_t next(std::size_t cell) const { return (cell + 1) & mask(); }
  template <class Iterator, class Cells>
  [[nodiscard]] static Iterator first(Cells& cells) {
    Iterator at(cells, 0);
    at.skip();
    return at;
  }
  /// The number of cells where it is not there.
  [[nodiscard]] std::size_t place_of(const Prefix& prefix) const {
    return search(prefix, hash_value(prefix));
  }
  [[nodiscard]] std::size_t search(const Prefix& prefix, std::uint64_t hash) const {
    if (cells_.empty()) return 0;
    for (std::size_t cell = hash & mask(); cells_[cell].entry != nullptr; cell = next(cell))
      if (cells_[cell].hash == hash && cells_[cell].entry->first == prefix) return cell;
    return cells_.size();
  }
  [[nodiscard]] std::size_t free_cell(std::uint64_t hash) const {
    std::size_t cell = hash & mask();
    while (cells_[cell].entry != nullptr) cell = next(cell);
    return cell;
  }
  void grow() {
    std::vector<Cell> former(cells_.empty() ? kSmallest : 2 * cells_.size());
    former.swap(cells_);
    for (Cell& cell : former)
      if (cell.entry != nullptr) cells_[free_cell(cell.hash)] = std::move(cell);
  }

  std::vector<Cell> cells_;
  std::size_t size_ = 0;
};

}  // namespace wgospf

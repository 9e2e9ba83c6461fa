#pragma once
// Records with stable small numbers: allocated and released in any order, kept in blocks, so that growing
// neither copies nor leaves a doubled vector half empty. Released slots are given out again, the last
// released first.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace wgospf::ospf {

template <class T, std::size_t kBlockBits = 9>
class SlotPool {
 public:
  /// A slot with a value-initialised record.
  [[nodiscard]] std::uint32_t allocate() {
    if (!free_.empty()) {
      const std::uint32_t slot = free_.back();
      free_.pop_back();
      (*this)[slot] = T{};
      return slot;
    }
    if ((end_ & kMask) == 0) blocks_.push_back(std::make_unique<T[]>(kMask + 1));
    return end_++;
  }
  /// The record is reset now, so what it owns is freed.
  void release(std::uint32_t slot) {
    assert(slot < end_);
    (*this)[slot] = T{};
    free_.push_back(slot);
  }
  [[nodiscard]] T& operator[](std::uint32_t slot) {
    assert(slot < end_);
    return blocks_[slot >> kBlockBits][slot & kMask];
  }
  [[nodiscard]] const T& operator[](std::uint32_t slot) const {
    assert(slot < end_);
    return blocks_[slot >> kBlockBits][slot & kMask];
  }
  /// One past the highest slot ever used; released slots below it hold a value-initialised record.
  [[nodiscard]] std::uint32_t end() const { return end_; }
  [[nodiscard]] std::size_t size() const { return end_ - free_.size(); }
  /// Bytes of heap memory, without what records own.
  [[nodiscard]] std::size_t memory() const {
    return blocks_.size() * (kMask + 1) * sizeof(T) + blocks_.capacity() * sizeof(blocks_[0]) +
           free_.capacity() * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::uint32_t kMask = (std::uint32_t{1} << kBlockBits) - 1;
  std::vector<std::unique_ptr<T[]>> blocks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t end_ = 0;
};

}  // namespace wgospf::ospf

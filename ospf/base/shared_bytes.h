#pragma once
// Immutable bytes with a reference count in front of them, in one block of the heap: a handle of one pointer,
// where std::shared_ptr to an array takes two and 24 bytes more in the block. A database holds hundreds of
// thousands of LSAs of 36 bytes, so that this is a third of their memory. Handles may be copied and dropped
// in any thread.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

namespace wgospf::ospf {

class SharedBytes {
 public:
  SharedBytes() = default;
  [[nodiscard]] static SharedBytes copy(std::span<const std::byte> bytes) {
    SharedBytes made;
    made.count_ = new (::operator new(sizeof(Count) + bytes.size())) Count{1};
    std::copy(bytes.begin(), bytes.end(), made.bytes());
    return made;
  }
  SharedBytes(const SharedBytes& other) noexcept : count_(other.count_) {
    if (count_ != nullptr) count_->fetch_add(1, std::memory_order_relaxed);
  }
  SharedBytes(SharedBytes&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  SharedBytes& operator=(SharedBytes other) noexcept {
    std::swap(count_, other.count_);
    return *this;
  }
  ~SharedBytes() {
    if (count_ == nullptr || count_->fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    count_->~Count();
    ::operator delete(count_);
  }

  /// The first byte; nullptr when there are none.
  [[nodiscard]] const std::byte* data() const { return count_ == nullptr ? nullptr : bytes(); }
  /// The same block, not equal contents.
  bool operator==(const SharedBytes&) const = default;

 private:
  using Count = std::atomic<std::uint32_t>;
  [[nodiscard]] std::byte* bytes() const { return reinterpret_cast<std::byte*>(count_ + 1); }

  Count* count_ = nullptr;
};

}  // namespace wgospf::ospf

#pragma once
// Internal: text and bytes that are wiped when freed, at every growth too.

#include <string.h>

#include <cstddef>
#include <memory>
#include <string>

namespace wgospf::wg {

template <class T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) {}
  [[nodiscard]] T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* data, std::size_t count) {
    explicit_bzero(data, count * sizeof(T));
    std::allocator<T>().deallocate(data, count);
  }
  template <class U>
  bool operator==(const WipingAllocator<U>&) const {
    return true;
  }
};

/// Short texts (under 16 characters) live inside the object and are not wiped; no secret is that short.
using SecretText = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;

}  // namespace wgospf::wg

#pragma once
// What the fuzz targets share. A target is a function over bytes, LLVMFuzzerTestOneInput: libFuzzer drives it
// under clang, replay_main.cpp under any compiler with the committed corpus and a fixed set of mutations of
// it.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

namespace wgospf::fuzz {

using Bytes = std::vector<std::byte>;

/// A property that must hold whatever the input. Aborts with its name, in release builds too.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: does not hold: %s\n", what);
  std::abort();
}

inline std::span<const std::byte> as_bytes(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}

/// Sets what a random change would break and thereby hide all else: an LSA's length and Fletcher checksum.
/// Does nothing to what is no LSA header, or more than one LSA can be.
void repair_lsa(std::span<std::byte> lsa);
/// The same for a packet: version, type in range, length, the checksums of an update's LSAs as far as their
/// own lengths reach, null authentication, packet checksum.
void repair_packet(std::span<std::byte> packet);

}  // namespace wgospf::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

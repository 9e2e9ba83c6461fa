#pragma once
// The trace of a run: a hash over everything every router put out, with times; and, for a replay, a readable
// log.

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

#include "ospf/instance.h"
#include "ospf/v2/v2.h"

namespace wgospf::sim {

class Trace {
 public:
  /// `log` may be null: nothing is written then, and nothing formatted.
  explicit Trace(std::FILE* log = nullptr) : log_(log) {}

  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] bool is_logging() const { return log_ != nullptr; }
  /// The moment that the log calls zero.
  void set_origin(ospf::Instant origin) { origin_ = origin; }

  void output(ospf::Instant now, std::uint32_t router, const ospf::Output<ospf::V2>& output);
  /// A line of the simulator itself (faults, deliveries); logged, not hashed.
  void note(ospf::Instant now, const std::string& line);

 private:
  void mix(std::uint64_t value);
  void mix(std::span<const std::byte> bytes);
  void mix_transmit(const ospf::Transmit& transmit);
  void mix_change(const ospf::RouteChange<ospf::V2>& change);
  void mix_event(const ospf::Event& event);

  std::FILE* log_;
  ospf::Instant origin_{};
  std::uint64_t hash_ = 0x243f6a8885a308d3ULL;
};

}  // namespace wgospf::sim

#pragma once
// How the largest packet that passes a path is looked for: by packets of chosen sizes that come back or do not
// (the search of RFC 8899 section 5.3). Pure: sizes out, answers in.
//
// A packet that does not come back may have been lost by chance. So each size is tried several times, and the
// smallest that did not pass is tried again at the end; what then passes after all sets the search right. And
// the first packet of a size may be the one by which the sender's kernel learns the underlay's MTU. WireGuard
// fills packets up to a multiple of 16 bytes, at most to the device's MTU: no other sizes are told apart.

#include <cstdint>
#include <optional>

namespace wgospf::wg {

class MtuSearch {
 public:
  static constexpr unsigned kTries = 3;           ///< of one size
  static constexpr unsigned kPacketsMost = 64;    ///< of one search
  static constexpr std::uint32_t kStep = 16;      ///< bytes
  static constexpr std::uint32_t kSmallest = 96;  ///< bytes; what does not answer this answers nothing

  /// `most`: bytes of an IP packet; the device's MTU.
  explicit MtuSearch(std::uint32_t most) : most_(most), lost_(most + 1) {}

  /// The size of the next packet, bytes; nullopt when the search is through.
  [[nodiscard]] std::optional<std::uint32_t> next();
  /// A packet of this size came back, be it late.
  void passed(std::uint32_t size);
  /// The packet that next() named last has not come back in time.
  void lost();

  /// How often the size that next() named has been lost by now.
  [[nodiscard]] unsigned tries() const { return tries_; }
  /// The largest that came back, bytes; 0 when none did.
  [[nodiscard]] std::uint32_t largest() const { return passed_; }
  /// Whether larger ones are known not to pass: false while it runs, and when too much was lost by chance.
  [[nodiscard]] bool is_certain() const { return passed_ == most_ || (is_confirmed_ && passed_ != 0); }

 private:
  [[nodiscard]] std::optional<std::uint32_t> wanted() const;

  std::uint32_t most_;
  std::uint32_t passed_ = 0;
  std::uint32_t lost_;  ///< the smallest that did not pass; most_ + 1: none
  std::uint32_t size_ = 0;
  unsigned tries_ = 0;
  unsigned packets_ = 0;
  bool is_confirmed_ = false;  ///< lost_ was lost once more when there was nothing else to try
};

}  // namespace wgospf::wg

#pragma once
// How much is told of each kind of message. A kind is a name with its severity. Each has an allowance for the
// whole router and a smaller one for each interface, so that one interface that floods does not silence the
// others; both grow again with time. What finds no allowance is counted, and the count is told: after
// kFirstCount, and at growing intervals while it goes on. The same text again and again has a smaller
// allowance still.
//
// Debug messages are not limited: who asks for them wants all.
//
// Pure: the time is an argument.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/router_view.h"
#include "daemon/telling/describe.h"

namespace wgospf::daemon {

class MessageLimits {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  /// So many at once; then one more for each `refill`.
  struct Allowance {
    std::uint32_t burst = 0;
    std::chrono::seconds refill{};
  };
  static constexpr Allowance kOfKind{60, std::chrono::seconds{5}};
  static constexpr Allowance kOfInterface{20, std::chrono::seconds{30}};
  static constexpr Allowance kOfSameText{3, std::chrono::seconds{30}};
  static constexpr std::chrono::seconds kFirstCount{10}, kLastCount{600};

  /// What was left out of one kind.
  struct LeftOut {
    std::string name{};
    Severity severity = Severity::info;
    std::uint64_t count = 0;
    std::chrono::seconds within{};
    std::set<ospf::LinkId> links{};  ///< that it concerned; empty when it concerned none
  };

  /// Whether a message of this kind is to be told now; false: it is counted. `text` is empty where it is not
  /// known yet.
  [[nodiscard]] bool admit(const MessageKind& kind, std::string_view text, Instant now);
  /// When take() will have something; nullopt when nothing was left out.
  [[nodiscard]] std::optional<Instant> due() const;
  /// The counts that are due.
  [[nodiscard]] std::vector<LeftOut> take(Instant now);

 private:
  class Bucket {
   public:
    [[nodiscard]] bool has_room(const Allowance& allowance, Instant now);
    void take() { ++used_; }

   private:
    std::uint32_t used_ = 0;
    Instant refilled_{};  ///< until when what has grown again is taken off used_
  };
  /// The messages of one kind about one interface, or about none.
  struct Place {
    Bucket all{};
    Bucket same_text{};
    std::size_t text_hash = 0;  ///< of the last one
  };
  struct Kind {
    Bucket all{};
    std::map<std::optional<ospf::LinkId>, Place> places{};
    std::uint64_t left_out = 0;
    std::set<ospf::LinkId> links{};  ///< of what was left out
    Instant since{};                 ///< the first that was left out, or the last count
    std::chrono::seconds interval = kFirstCount;
  };
  struct Key {
    std::string name{};
    Severity severity{};
    auto operator<=>(const Key&) const = default;
  };
  std::map<Key, Kind> kinds_;
  std::size_t silenced_ = 0;  ///< kinds of which something was left out
};

/// What was left out, in one line; `link_name` gives an interface's name.
[[nodiscard]] Notice describe(const MessageLimits::LeftOut& left_out, const LinkNamer& link_name);

}  // namespace wgospf::daemon

#pragma once
// The MTU of tunnels' devices, set to what passes over them (`mtu: auto`), and set back. Pure: which device is
// to have which MTU; and what is set, as a file has it.
//
// A device's MTU is the user's. It is made smaller where packets of that size are known to vanish on the way
// to a neighbour behind it, never larger than it was, and never too small for IPv6 where the interface has
// that or several peers. It becomes larger again when that neighbour is gone and others are there, or its
// datagrams take another way, of which nothing is known yet; it is set back when this is not wanted any more,
// and at the end, as the routes are taken back. Whoever changes it meanwhile has the
// last word: what they set is what it may be at most from then on.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/result.h"
#include "ospf/types.h"

namespace wgospf::daemon {

/// What a tunnel's datagrams to one peer go by.
struct UnderlayWay {
  std::string endpoint{};                   ///< without its port; empty: not known
  std::vector<std::uint32_t> interfaces{};  ///< towards it; empty: not known
  bool operator==(const UnderlayWay&) const = default;

  /// Whether this is certainly another way than `former`; it becomes that in any case, with what is known of it.
  [[nodiscard]] bool follows_another(UnderlayWay& former) const;
};

/// A device as it is now.
struct DeviceMtu {
  std::string name{};
  std::uint32_t ifindex = 0;
  std::uint32_t mtu = 0;    ///< bytes
  std::uint32_t least = 0;  ///< it must not be less, bytes
  bool is_auto = false;
  std::map<ospf::LinkId, std::uint32_t> limits{};  ///< larger packets do not pass, bytes; where that is known
  std::map<ospf::LinkId, UnderlayWay> ways{};      ///< to each neighbour
};

/// A device is to have this MTU, bytes.
struct MtuChange {
  std::string name{};
  std::uint32_t ifindex = 0;
  std::uint32_t mtu = 0;
  bool is_back = false;  ///< as the user had it
  bool operator==(const MtuChange&) const = default;
};

class DeviceMtus {
 public:
  /// RFC 8200 section 5: below it Linux takes the interface's IPv6 addresses away. And one peer of several must
  /// not make the others' packets smaller than that.
  static constexpr std::uint32_t kLeastIpv6 = 1280;
  /// RFC 791 section 3.1: what every host takes.
  static constexpr std::uint32_t kLeastIpv4 = 576;

  /// These are the devices now. What is to be set, each change once, when to_text() has been written.
  [[nodiscard]] std::vector<MtuChange> follow(const std::vector<DeviceMtu>& devices);
  /// A change could not be made: what the device has counts as the user's.
  void failed(const std::string& name);
  /// All that is set, and still is by `mtu_of`, what a device has now by its ifindex: back as it was.
  [[nodiscard]] std::vector<MtuChange> give_back(const std::function<std::uint32_t(std::uint32_t)>& mtu_of);

  /// What is set, or may be, as a file has it.
  [[nodiscard]] std::string to_text() const;
  /// Exactly what to_text() makes: what a former run left counts as ours where a device has it still. Error:
  /// malformed, with what is wrong, to stand behind a colon.
  [[nodiscard]] Result<void> adopt(std::string_view text);

 private:
  struct Entry {
    std::uint32_t ifindex = 0;
    std::uint32_t most = 0;    ///< as the user had it
    std::uint32_t set = 0;     ///< what it is to be
    std::uint32_t before = 0;  ///< what it was when that was asked for; 0: it has been seen since
    std::uint32_t noted = 0;   ///< what was set last below `most`, until it is known to be gone; 0: nothing
    std::map<ospf::LinkId, UnderlayWay> ways{};
    std::map<ospf::LinkId, std::uint32_t> limits{};  ///< as long as the link is there and its way the same
  };
  struct Left {
    std::uint32_t most = 0, noted = 0;
  };
  [[nodiscard]] Entry first_seen(const DeviceMtu& device);
  static void see(Entry& entry, std::uint32_t mtu);
  static void note_limits(Entry& entry, const DeviceMtu& device);
  [[nodiscard]] static std::uint32_t wanted(const Entry& entry, const DeviceMtu& device);

  std::map<std::string, Entry> entries_;
  std::map<std::string, Left> left_;  ///< by a former run, until the device is seen
};

}  // namespace wgospf::daemon

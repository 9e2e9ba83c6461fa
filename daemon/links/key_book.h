#pragma once
// Nobody speaks for others: which router id a WireGuard public key speaks for. Pure; kept in a file.
//
// A key speaks for one router id, and a router may have several keys. What is written down (the
// configuration) counts; else the first id that a key spoke for is learned and kept. An id with keys that are
// written down is theirs alone.

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "net/result.h"
#include "ospf/types.h"
#include "wgadapter/key.h"

namespace wgospf::daemon {

struct KeyAdmission {
  enum class Kind : std::uint8_t {
    known,
    learned,      ///< the first time: the book is to be kept
    other_id,     ///< the key speaks for `id`
    others_keys,  ///< the id belongs to keys that are written down
  };
  Kind kind = Kind::known;
  ospf::RouterId id{};           ///< of other_id
  bool is_written_down = false;  ///< that it is so
  [[nodiscard]] bool is_admitted() const { return kind == Kind::known || kind == Kind::learned; }
  bool operator==(const KeyAdmission&) const = default;
};

class KeyBook {
 public:
  using Keys = std::map<wg::Key, ospf::RouterId>;

  /// The configuration's, all of it. What was learned of these keys does not count meanwhile.
  void write_down(Keys keys);
  /// Whether the key may speak for the router id; learns it where nothing is known.
  [[nodiscard]] KeyAdmission admit(const wg::Key& key, ospf::RouterId id);
  /// The key is learned anew when it speaks next. False when nothing was learned of it.
  bool forget(const wg::Key& key) { return learned_.erase(key) != 0; }
  [[nodiscard]] const Keys& learned() const { return learned_; }

  /// What was learned, as a file has it.
  [[nodiscard]] std::string to_text() const;
  /// Exactly what to_text() makes; takes the place of what was learned. Error: malformed, with what is wrong,
  /// to stand behind a colon; nothing has changed then.
  [[nodiscard]] Result<void> take_text(std::string_view text);

 private:
  Keys written_, learned_;
  std::set<ospf::RouterId> written_ids_;
};

/// Why the key is refused, and what to do; empty when it is admitted. `id`: the one it spoke for.
[[nodiscard]] std::string reason_of(const KeyAdmission& admission, const wg::Key& key, ospf::RouterId id);

}  // namespace wgospf::daemon

#pragma once
// Nobody speaks for others: which router id a WireGuard public key speaks for. Pure; kept in a file.
//
// A key speaks for one router id, and a router may have several keys. What is written down (the
// configuration) counts; else what was learned and is kept. An id that some key speaks for is no other key's: one
// that is written down for it comes beside those that are known, one that is learned needs evidence that it is the
// same router (key_guard.h).

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/result.h"
#include "ospf/types.h"
#include "wgadapter/key.h"

namespace wgospf::daemon {

struct KeyVerdict {
  enum class Kind : std::uint8_t {
    known,        ///< the key speaks for the id
    free,         ///< nothing is known of the key, and no other speaks for the id
    other_id,     ///< the key speaks for `id`
    others_keys,  ///< nothing is known of the key, and others speak for the id: `keys`
  };
  Kind kind = Kind::known;
  ospf::RouterId id{};           ///< of other_id
  bool is_written_down = false;  ///< that it is so: in the configuration, else learned
  std::vector<wg::Key> keys{};   ///< of others_keys
  [[nodiscard]] bool is_refusal() const { return kind == Kind::other_id || kind == Kind::others_keys; }
  bool operator==(const KeyVerdict&) const = default;
};

class KeyBook {
 public:
  using Keys = std::map<wg::Key, ospf::RouterId>;
  struct Known {
    ospf::RouterId id{};
    bool is_written_down = false;
    bool operator==(const Known&) const = default;
  };

  /// The configuration's, all of it. What was learned of these keys, and what was learned of other keys for these
  /// ids, does not count meanwhile.
  void write_down(Keys keys);
  /// What the key speaks for; nullopt when nothing is known.
  [[nodiscard]] std::optional<Known> find(const wg::Key& key) const;
  [[nodiscard]] KeyVerdict judge(const wg::Key& key, ospf::RouterId id) const;
  void learn(const wg::Key& key, ospf::RouterId id) { learned_.insert_or_assign(key, id); }
  /// The key is learned anew when it speaks next. False when nothing was learned of it.
  bool forget(const wg::Key& key) { return learned_.erase(key) != 0; }
  [[nodiscard]] const Keys& learned() const { return learned_; }
  /// Ids that some key speaks for, in order.
  [[nodiscard]] std::vector<ospf::RouterId> claimed() const;

  /// What was learned, as a file has it.
  [[nodiscard]] std::string to_text() const;
  /// Exactly what to_text() makes; takes the place of what was learned. Error: malformed, with what is wrong,
  /// to stand behind a colon; nothing has changed then.
  [[nodiscard]] Result<void> take_text(std::string_view text);

 private:
  Keys written_, learned_;
  std::set<ospf::RouterId> written_ids_;
};

/// Why the key is refused, and what to do; empty when it is not. `name`: of the peer, for people. `id`: the one it
/// spoke for.
[[nodiscard]] std::string reason_of(const KeyVerdict& verdict, const std::string& name, ospf::RouterId id);

}  // namespace wgospf::daemon

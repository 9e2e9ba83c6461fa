#include "daemon/config/wg_quick.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace wgospf::daemon {

namespace {

constexpr std::string_view kSpace = " \t\r\v\f";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  ///< of UTF-8, as some editors write it
constexpr std::array<std::string_view, 4> kHooks{"PreUp", "PostUp", "PreDown", "PostDown"};
/// What may stand in a section beside what is kept.
constexpr std::array<std::string_view, 5> kOtherInterfaceKeys{"PrivateKey", "ListenPort", "FwMark", "DNS",
                                                              "MTU"};
constexpr std::array<std::string_view, 4> kOtherPeerKeys{"PublicKey", "PresharedKey", "Endpoint",
                                                         "PersistentKeepalive"};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool is_same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

template <std::size_t Size>
bool is_one_of(std::string_view text, const std::array<std::string_view, Size>& names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return is_same(text, name); });
}

class Reader {
 public:
  WgQuickFile read(std::string_view text) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    while (!text.empty()) {
      ++line_;
      const auto end = std::min(text.find('\n'), text.size());
      const auto whole = text.substr(0, end);
      read_line(trimmed(whole.substr(0, whole.find('#'))));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(file_);
  }

 private:
  enum class Section { none, interface, peer };

  void read_line(std::string_view line) {
    if (line.empty()) return;
    const auto equals = line.find('=');
    if (is_same(line, "[Interface]")) {
      section_ = Section::interface;
      file_.has_interface = true;
    } else if (is_same(line, "[Peer]")) {
      section_ = Section::peer;
      file_.peers.push_back({line_, {}});
    } else if (equals == std::string_view::npos ||
               !read_value(trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1)))) {
      // Its first word; what stands behind it may be a secret.
      file_.unknown.push_back({std::string(line.substr(0, line.find_first_of("= \t"))), line_});
    }
  }

  bool read_value(std::string_view key, std::string_view value) {
    if (section_ == Section::interface) return read_interface_value(key, value);
    if (section_ == Section::none) return false;
    if (is_same(key, "AllowedIPs"))
      add_list(file_.peers.back().allowed_ips, value);
    else
      return is_one_of(key, kOtherPeerKeys);
    return true;
  }

  bool read_interface_value(std::string_view key, std::string_view value) {
    const auto hook =
        std::find_if(kHooks.begin(), kHooks.end(), [&](std::string_view name) { return is_same(key, name); });
    if (is_same(key, "Address"))
      add_list(file_.addresses, value);
    else if (is_same(key, "Table"))
      file_.table = {std::string(value), line_};
    else if (is_same(key, "SaveConfig"))
      file_.save_config = {std::string(value), line_};
    else if (hook != kHooks.end())
      file_.hooks.push_back({std::string(*hook), {std::string(value), line_}});
    else
      return is_one_of(key, kOtherInterfaceKeys);
    return true;
  }

  void add_list(std::vector<WgQuickValue>& list, std::string_view value) const {
    while (!value.empty()) {
      const auto comma = std::min(value.find(','), value.size());
      const auto item = trimmed(value.substr(0, comma));
      if (!item.empty()) list.push_back({std::string(item), line_});
      value.remove_prefix(std::min(comma + 1, value.size()));
    }
  }

  WgQuickFile file_;
  Section section_ = Section::none;
  int line_ = 0;
};

}  // namespace

WgQuickFile parse_wg_quick(std::string_view text) {
  return Reader().read(text);
}

}  // namespace wgospf::daemon

#include "daemon/api/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/api/convert.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon::api {
namespace {

grpc::Status invalid(std::string text) {
  return {grpc::StatusCode::INVALID_ARGUMENT, std::move(text)};
}

/// Tells a prefix with bits past its length from what is no prefix at all, and says what to write instead.
Checked<Ipv4Prefix> check_prefix(const std::string& text) {
  if (const auto prefix = Ipv4Prefix::parse(text)) return *prefix;
  const auto slash = text.find('/');
  const auto address = Ipv4Address::parse(text.substr(0, slash));
  if (!address) {
    return invalid(
        fmt::format("prefix: \"{}\" is not an IPv4 prefix; write it as 192.168.37.0/24", shortened(text)));
  }
  for (std::uint8_t length = 0; length <= 32; ++length) {
    if (text.substr(slash + 1) != std::to_string(length)) continue;
    return invalid(fmt::format("prefix: \"{}\" has bits set past its length; write {}", text,
                               Ipv4Prefix::make(*address, length).to_string()));
  }
  return invalid(fmt::format("prefix: \"{}\" has a length that is not 0 to 32; write {}/24", shortened(text),
                             address->to_string()));
}

/// Fills `out` from a dotted quad; false when it is none.
template <class Id>
bool parse_id(const std::string& text, std::optional<Id>& out) {
  out = Id::parse(text);
  return out.has_value();
}

/// Also one of the links to peers of a device: "wg0/op2" is on wg0.
bool is_on(const std::string& link, const std::string& interface) {
  return link == interface || (link.starts_with(interface) && link[interface.size()] == '/');
}

/// An area as the configuration may have it: a dotted quad, or a number.
std::optional<ospf::AreaId> parse_area(const std::string& text) {
  std::uint32_t number = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error == std::errc() && end == last) return ospf::AreaId{number};
  return ospf::AreaId::parse(text);
}

}  // namespace

Checked<PathsQuestion> check(const v1::GetPathsRequest& request) {
  PathsQuestion question;
  question.limit = request.limit() == 0 ? kDefaultPathLimit : request.limit();
  if (const auto address = Ipv4Address::parse(request.prefix())) {
    question.target = *address;
  } else {
    const auto prefix = check_prefix(request.prefix());
    if (const auto* error = std::get_if<grpc::Status>(&prefix)) return *error;
    question.target = std::get<Ipv4Prefix>(prefix);
  }
  if (request.limit() > kMaxPathLimit) {
    return invalid(
        fmt::format("limit: {} is more than {}; ask for fewer paths", request.limit(), kMaxPathLimit));
  }
  return question;
}

Checked<RoutesFilter> check(const v1::ListRoutesRequest& request) {
  RoutesFilter filter;
  if (request.has_prefix()) {
    filter.address = Ipv4Address::parse(request.prefix());
    if (!filter.address) {
      const auto prefix = check_prefix(request.prefix());
      if (const auto* error = std::get_if<grpc::Status>(&prefix)) return *error;
      filter.within = std::get<Ipv4Prefix>(prefix);
    }
  }
  if (request.path_type() != v1::PATH_TYPE_UNSPECIFIED) {
    for (const auto type : {ospf::PathType::intra_area, ospf::PathType::inter_area,
                            ospf::PathType::external_1, ospf::PathType::external_2})
      if (convert(type) == request.path_type()) filter.type = type;
    if (!filter.type)
      return invalid(fmt::format("path_type: {} is no type of path that this daemon knows",
                                 static_cast<int>(request.path_type())));
  }
  if (request.has_interface()) filter.interface = request.interface();
  if (request.has_neighbor() && !parse_id(request.neighbor(), filter.neighbor))
    return invalid(fmt::format("neighbor: \"{}\" is neither a router id nor an address; write it as 10.0.0.1",
                               shortened(request.neighbor())));
  return filter;
}

bool RoutesFilter::matches(const ospf::Route<V2>& route, const std::vector<ospf::NextHop>& next_hops,
                           const NameMap& names) const {
  if (type && route.path_type != *type) return false;
  if (!interface && !neighbor) return true;
  return std::any_of(next_hops.begin(), next_hops.end(), [&](const ospf::NextHop& hop) {
    if (interface && !is_on(name_in(names, hop.link), *interface)) return false;
    return !neighbor || hop.router.to_string() == neighbor->to_string() ||
           (hop.gateway && to_string(*hop.gateway) == neighbor->to_string());
  });
}

Checked<DatabaseFilter> check(const v1::ListDatabaseRequest& request) {
  DatabaseFilter filter;
  if (request.has_area_id()) {
    filter.area = parse_area(request.area_id());
    if (!filter.area)
      return invalid(fmt::format("area_id: \"{}\" is not an area; write it as 0.0.0.0, or as a number",
                                 shortened(request.area_id())));
  }
  if (request.has_adv_router() && !parse_id(request.adv_router(), filter.adv_router)) {
    return invalid(fmt::format("adv_router: \"{}\" is not a router id; write it as 10.0.0.1",
                               shortened(request.adv_router())));
  }
  if (request.has_lsa_id() && !parse_id(request.lsa_id(), filter.lsa_id)) {
    return invalid(fmt::format("lsa_id: \"{}\" is not a Link State ID; write it as 10.0.0.0",
                               shortened(request.lsa_id())));
  }
  if (!v1::LsaType_IsValid(request.type())) {
    return invalid(
        fmt::format("type: {} is no type of LSA that this daemon knows", static_cast<int>(request.type())));
  }
  filter.type = request.type();
  filter.headers_only = request.headers_only();
  return filter;
}

bool DatabaseFilter::matches(const ospf::DatabaseEntry& entry) const {
  const ospf::LsaKey& key = entry.header.key;
  if (area && (entry.scope == ospf::FloodingScope::as || entry.area != *area)) return false;
  if (adv_router && key.advertising_router != *adv_router) return false;
  if (lsa_id && key.id != *lsa_id) return false;
  return type == v1::LSA_TYPE_UNSPECIFIED || convert(key.type) == type;
}

std::string Cursor::to_string() const {
  return fmt::format("{}-{}", run, number);
}

std::optional<Cursor> Cursor::parse(const std::string& text) {
  constexpr std::size_t kRunLength = 16;
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (text.size() < kRunLength + 2 || text[kRunLength] != '-') return std::nullopt;
  Cursor cursor{text.substr(0, kRunLength), 0};
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data() + kRunLength + 1, last, cursor.number);
  if (error != std::errc() || end != last || !std::all_of(cursor.run.begin(), cursor.run.end(), is_hex))
    return std::nullopt;
  return cursor;
}

Checked<WatchOrder> check(const v1::WatchRequest& request) {
  WatchOrder order;
  Topics& topics = order.topics;
  if (request.topics().empty()) topics.add_all();
  for (const int topic : request.topics()) {
    if (!v1::WatchTopic_IsValid(topic) || topic == v1::WATCH_TOPIC_UNSPECIFIED) {
      return invalid(
          fmt::format("topics: {} is no topic that this daemon knows; name none to get all", topic));
    }
    topics.add(static_cast<v1::WatchTopic>(topic));
  }
  if (request.since().empty()) return order;
  order.since = Cursor::parse(request.since());
  if (!order.since)
    return invalid(
        fmt::format("since: \"{}\" is no cursor; take the one of the last change that was seen, as "
                    "\"wgospfctl watch --json\" has it",
                    shortened(request.since())));
  return order;
}

Checked<ReloadOrder> check(const v1::ReloadRequest& request) {
  constexpr std::uint32_t kLongest = 86'400;
  if (request.confirm_seconds() > kLongest)
    return invalid(fmt::format("confirm_seconds: {} is more than a day; give it at most {}",
                               request.confirm_seconds(), kLongest));
  if (request.confirm_seconds() > 0 && request.dry_run())
    return invalid("dry_run: takes nothing over, so there is nothing to confirm; leave one of them away");
  return ReloadOrder{std::chrono::seconds{request.confirm_seconds()}, request.dry_run()};
}

}  // namespace wgospf::daemon::api

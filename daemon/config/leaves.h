#pragma once
// What may stand in the configuration. Generated from leaves.yaml by generate.py; not to be changed here.

#include <array>
#include <cstdint>
#include <string_view>

#include "daemon/config/leaf.h"

namespace wgospf::daemon::leaf {

namespace configuration {
inline constexpr TextLeaf router_id{{"router-id"}, ""};
inline constexpr TextLeaf hostname{{"hostname"}, ""};
inline constexpr TextLeaf include{{"include"}, ""};
inline constexpr MappingLeaf defaults{{"defaults"}};
inline constexpr ListLeaf interfaces{{"interfaces"}};
inline constexpr ListLeaf areas{{"areas"}};
inline constexpr ListLeaf redistribute{{"redistribute"}};
inline constexpr MappingLeaf api{{"api"}};
inline constexpr MappingLeaf metrics{{"metrics"}};
inline constexpr ListLeaf on_event{{"on-event"}};
inline constexpr MappingLeaf rib{{"rib"}};
inline constexpr auto underlay_values = std::array<std::string_view, 2>{"auto", "off"};
inline constexpr ChoiceLeaf underlay{{"underlay"}, underlay_values, 1};
inline constexpr MappingLeaf spf_control{{"spf-control"}};
inline constexpr MappingLeaf database_control{{"database-control"}};
inline constexpr BooleanLeaf rfc1583_compatibility{{"rfc1583-compatibility"}, false};
inline constexpr NumberLeaf<std::uint16_t> ls_refresh_time{{"ls-refresh-time"}, {2, 1800U, "seconds"}, 1800U};
inline constexpr TextLeaf state_directory{{"state-directory"}, "/var/lib/wgospf"};
inline constexpr MappingLeaf log{{"log"}};
inline constexpr auto known = std::array<std::string_view, 18>{"router-id",
                                                               "hostname",
                                                               "include",
                                                               "defaults",
                                                               "interfaces",
                                                               "areas",
                                                               "redistribute",
                                                               "api",
                                                               "metrics",
                                                               "on-event",
                                                               "rib",
                                                               "underlay",
                                                               "spf-control",
                                                               "database-control",
                                                               "rfc1583-compatibility",
                                                               "ls-refresh-time",
                                                               "state-directory",
                                                               "log"};
inline constexpr auto not_built =
    std::array<std::string_view, 8>{"stub-router", "graceful-restart", "auto-cost",      "nsr",
                                    "ospf-bfd",    "preference",       "address-family", "max-ecmp"};
inline constexpr auto required = std::array<RequiredLeaf, 0>{};
inline constexpr Section section{"the configuration", known, not_built, required};
}  // namespace configuration

namespace area {
inline constexpr TextLeaf area_id{{"area-id"}, ""};
inline constexpr ListLeaf interfaces{{"interfaces"}};
inline constexpr auto area_type_values =
    std::array<std::string_view, 3>{"normal-area", "stub-area", "nssa-area"};
inline constexpr ChoiceLeaf area_type{{"area-type"}, area_type_values, 0};
inline constexpr BooleanLeaf summary{{"summary"}, true};
inline constexpr NumberLeaf<std::uint32_t> default_cost{{"default-cost"}, {0, 16777214U, ""}, 1U};
inline constexpr ListLeaf ranges{{"ranges"}};
inline constexpr ListLeaf nssa_ranges{{"nssa-ranges"}};
inline constexpr auto nssa_translator_role_values = std::array<std::string_view, 2>{"candidate", "always"};
inline constexpr ChoiceLeaf nssa_translator_role{{"nssa-translator-role"}, nssa_translator_role_values, 0};
inline constexpr NumberLeaf<std::uint16_t> nssa_translator_stability_interval{
    {"nssa-translator-stability-interval"}, {0, 65535U, "seconds"}, 40U};
inline constexpr auto known = std::array<std::string_view, 9>{
    "area-id",     "interfaces",           "area-type",
    "summary",     "default-cost",         "ranges",
    "nssa-ranges", "nssa-translator-role", "nssa-translator-stability-interval"};
inline constexpr auto not_built =
    std::array<std::string_view, 3>{"virtual-links", "sham-links", "fast-reroute"};
inline constexpr auto required = std::array<RequiredLeaf, 2>{
    RequiredLeaf{"area-id", "area-id: 0.0.0.0"}, RequiredLeaf{"interfaces", "interfaces: [{name: wg0}]"}};
inline constexpr Section section{"an area", known, not_built, required};
}  // namespace area

namespace nssa_range {
inline constexpr TextLeaf prefix{{"prefix"}, ""};
inline constexpr BooleanLeaf advertise{{"advertise"}, true};
inline constexpr NumberLeaf<std::uint32_t> tag{{"tag"}, {0, 4294967295U, ""}, 0U};
inline constexpr auto known = std::array<std::string_view, 3>{"prefix", "advertise", "tag"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required =
    std::array<RequiredLeaf, 1>{RequiredLeaf{"prefix", "prefix: 198.51.100.0/24"}};
inline constexpr Section section{"an NSSA's range", known, not_built, required};
}  // namespace nssa_range

namespace area_range {
inline constexpr TextLeaf prefix{{"prefix"}, ""};
inline constexpr BooleanLeaf advertise{{"advertise"}, true};
inline constexpr NumberLeaf<std::uint32_t> cost{{"cost"}, {0, 16777214U, ""}, 0U};
inline constexpr auto known = std::array<std::string_view, 3>{"prefix", "advertise", "cost"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required = std::array<RequiredLeaf, 1>{RequiredLeaf{"prefix", "prefix: 10.1.0.0/16"}};
inline constexpr Section section{"a range", known, not_built, required};
}  // namespace area_range

namespace interface {
inline constexpr TextLeaf name{{"name"}, ""};
inline constexpr auto kind_values = std::array<std::string_view, 2>{"any", "wireguard"};
inline constexpr ChoiceLeaf kind{{"kind"}, kind_values, 0};
inline constexpr BooleanLeaf enabled{{"enabled"}, true};
inline constexpr auto interface_type_values = std::array<std::string_view, 5>{
    "point-to-point", "broadcast", "non-broadcast", "point-to-multipoint", "hybrid"};
inline constexpr ChoiceLeaf interface_type{{"interface-type"}, interface_type_values, 0};
inline constexpr NumberLeaf<std::uint16_t> cost{{"cost"}, {1, 65535U, ""}, 10U};
inline constexpr NumberLeaf<std::uint16_t> hello_interval{{"hello-interval"}, {1, 65535U, "seconds"}, 10U};
inline constexpr NumberLeaf<std::uint16_t> dead_interval{{"dead-interval"}, {1, 65535U, "seconds"}, 40U};
inline constexpr NumberLeaf<std::uint16_t> patience{{"patience"}, {100, 60000U, "milliseconds"}, 1500U};
inline constexpr NumberLeaf<std::uint16_t> retransmit_interval{
    {"retransmit-interval"}, {1, 3600U, "seconds"}, 5U};
inline constexpr NumberLeaf<std::uint16_t> transmit_delay{{"transmit-delay"}, {1, 900U, "seconds"}, 1U};
inline constexpr BooleanLeaf passive{{"passive"}, false};
inline constexpr BooleanLeaf mtu_ignore{{"mtu-ignore"}, false};
inline constexpr MappingLeaf bfd{{"bfd"}};
inline constexpr auto mtu_values = std::array<std::string_view, 2>{"keep", "auto"};
inline constexpr ChoiceLeaf mtu{{"mtu"}, mtu_values, 0};
inline constexpr TextLeaf unnumbered{{"unnumbered"}, ""};
inline constexpr TextLeaf peer_router_id{{"peer-router-id"}, ""};
inline constexpr ListLeaf endpoints{{"endpoints"}};
inline constexpr MappingLeaf announces{{"announces"}};
inline constexpr BooleanLeaf transit{{"transit"}, false};
inline constexpr auto allowed_ips_values = std::array<std::string_view, 2>{"manual", "managed"};
inline constexpr ChoiceLeaf allowed_ips{{"allowed-ips"}, allowed_ips_values, 0};
inline constexpr auto ipv6_link_local_values = std::array<std::string_view, 2>{"off", "auto"};
inline constexpr ChoiceLeaf ipv6_link_local{{"ipv6-link-local"}, ipv6_link_local_values, 0};
inline constexpr auto peers_values = std::array<std::string_view, 2>{"none", "auto"};
inline constexpr ChoiceLeaf peers{{"peers"}, peers_values, 0};
inline constexpr auto clients_values = std::array<std::string_view, 2>{"off", "auto"};
inline constexpr ChoiceLeaf clients{{"clients"}, clients_values, 0};
inline constexpr NumberLeaf<std::uint16_t> client_hold{{"client-hold"}, {2, 65535U, "seconds"}, 180U};
inline constexpr MappingLeaf peer_defaults{{"peer-defaults"}};
inline constexpr ListLeaf peer{{"peer"}};
inline constexpr auto known = std::array<std::string_view, 26>{"name",
                                                               "kind",
                                                               "enabled",
                                                               "interface-type",
                                                               "cost",
                                                               "hello-interval",
                                                               "dead-interval",
                                                               "patience",
                                                               "retransmit-interval",
                                                               "transmit-delay",
                                                               "passive",
                                                               "mtu-ignore",
                                                               "bfd",
                                                               "mtu",
                                                               "unnumbered",
                                                               "peer-router-id",
                                                               "endpoints",
                                                               "announces",
                                                               "transit",
                                                               "allowed-ips",
                                                               "ipv6-link-local",
                                                               "peers",
                                                               "clients",
                                                               "client-hold",
                                                               "peer-defaults",
                                                               "peer"};
inline constexpr auto not_built = std::array<std::string_view, 11>{
    "authentication",   "priority",    "demand-circuit", "prefix-suppression", "two-part-metric",
    "static-neighbors", "multi-areas", "node-flag",      "ttl-security",       "lls",
    "fast-reroute"};
inline constexpr auto required = std::array<RequiredLeaf, 1>{RequiredLeaf{"name", "name: wg0"}};
inline constexpr Section section{"an interface", known, not_built, required};
}  // namespace interface

namespace interface_defaults {
inline constexpr auto interface_type_values = std::array<std::string_view, 5>{
    "point-to-point", "broadcast", "non-broadcast", "point-to-multipoint", "hybrid"};
inline constexpr ChoiceLeaf interface_type{{"interface-type"}, interface_type_values, 0};
inline constexpr NumberLeaf<std::uint16_t> cost{{"cost"}, {1, 65535U, ""}, 10U};
inline constexpr NumberLeaf<std::uint16_t> hello_interval{{"hello-interval"}, {1, 65535U, "seconds"}, 10U};
inline constexpr NumberLeaf<std::uint16_t> dead_interval{{"dead-interval"}, {1, 65535U, "seconds"}, 40U};
inline constexpr NumberLeaf<std::uint16_t> patience{{"patience"}, {100, 60000U, "milliseconds"}, 1500U};
inline constexpr NumberLeaf<std::uint16_t> retransmit_interval{
    {"retransmit-interval"}, {1, 3600U, "seconds"}, 5U};
inline constexpr NumberLeaf<std::uint16_t> transmit_delay{{"transmit-delay"}, {1, 900U, "seconds"}, 1U};
inline constexpr BooleanLeaf passive{{"passive"}, false};
inline constexpr BooleanLeaf mtu_ignore{{"mtu-ignore"}, false};
inline constexpr MappingLeaf bfd{{"bfd"}};
inline constexpr auto mtu_values = std::array<std::string_view, 2>{"keep", "auto"};
inline constexpr ChoiceLeaf mtu{{"mtu"}, mtu_values, 0};
inline constexpr auto allowed_ips_values = std::array<std::string_view, 2>{"manual", "managed"};
inline constexpr ChoiceLeaf allowed_ips{{"allowed-ips"}, allowed_ips_values, 0};
inline constexpr auto ipv6_link_local_values = std::array<std::string_view, 2>{"off", "auto"};
inline constexpr ChoiceLeaf ipv6_link_local{{"ipv6-link-local"}, ipv6_link_local_values, 0};
inline constexpr auto known = std::array<std::string_view, 13>{
    "interface-type", "cost",    "hello-interval", "dead-interval", "patience", "retransmit-interval",
    "transmit-delay", "passive", "mtu-ignore",     "bfd",           "mtu",      "allowed-ips",
    "ipv6-link-local"};
inline constexpr auto not_built = std::array<std::string_view, 11>{
    "authentication",   "priority",    "demand-circuit", "prefix-suppression", "two-part-metric",
    "static-neighbors", "multi-areas", "node-flag",      "ttl-security",       "lls",
    "fast-reroute"};
inline constexpr auto required = std::array<RequiredLeaf, 0>{};
inline constexpr Section section{"defaults", known, not_built, required};
}  // namespace interface_defaults

namespace peer_defaults {
inline constexpr auto role_values = std::array<std::string_view, 2>{"router", "client"};
inline constexpr ChoiceLeaf role{{"role"}, role_values, 0};
inline constexpr NumberLeaf<std::uint16_t> cost{{"cost"}, {1, 65535U, ""}, 10U};
inline constexpr NumberLeaf<std::uint16_t> hello_interval{{"hello-interval"}, {1, 65535U, "seconds"}, 10U};
inline constexpr NumberLeaf<std::uint16_t> dead_interval{{"dead-interval"}, {1, 65535U, "seconds"}, 40U};
inline constexpr NumberLeaf<std::uint16_t> patience{{"patience"}, {100, 60000U, "milliseconds"}, 1500U};
inline constexpr NumberLeaf<std::uint16_t> retransmit_interval{
    {"retransmit-interval"}, {1, 3600U, "seconds"}, 5U};
inline constexpr NumberLeaf<std::uint16_t> transmit_delay{{"transmit-delay"}, {1, 900U, "seconds"}, 1U};
inline constexpr BooleanLeaf mtu_ignore{{"mtu-ignore"}, false};
inline constexpr MappingLeaf bfd{{"bfd"}};
inline constexpr MappingLeaf announces{{"announces"}};
inline constexpr BooleanLeaf transit{{"transit"}, false};
inline constexpr auto known =
    std::array<std::string_view, 11>{"role",           "cost",       "hello-interval",
                                     "dead-interval",  "patience",   "retransmit-interval",
                                     "transmit-delay", "mtu-ignore", "bfd",
                                     "announces",      "transit"};
inline constexpr auto not_built = std::array<std::string_view, 11>{
    "authentication",   "priority",    "demand-circuit", "prefix-suppression", "two-part-metric",
    "static-neighbors", "multi-areas", "node-flag",      "ttl-security",       "lls",
    "fast-reroute"};
inline constexpr auto required = std::array<RequiredLeaf, 0>{};
inline constexpr Section section{"peer-defaults", known, not_built, required};
}  // namespace peer_defaults

namespace peer {
inline constexpr TextLeaf public_key{{"public-key"}, ""};
inline constexpr TextLeaf name{{"name"}, ""};
inline constexpr TextLeaf address{{"address"}, ""};
inline constexpr auto role_values = std::array<std::string_view, 2>{"router", "client"};
inline constexpr ChoiceLeaf role{{"role"}, role_values, 0};
inline constexpr TextLeaf router_id{{"router-id"}, ""};
inline constexpr ListLeaf endpoints{{"endpoints"}};
inline constexpr MappingLeaf announces{{"announces"}};
inline constexpr NumberLeaf<std::uint16_t> cost{{"cost"}, {1, 65535U, ""}, 10U};
inline constexpr NumberLeaf<std::uint16_t> hello_interval{{"hello-interval"}, {1, 65535U, "seconds"}, 10U};
inline constexpr NumberLeaf<std::uint16_t> dead_interval{{"dead-interval"}, {1, 65535U, "seconds"}, 40U};
inline constexpr NumberLeaf<std::uint16_t> patience{{"patience"}, {100, 60000U, "milliseconds"}, 1500U};
inline constexpr NumberLeaf<std::uint16_t> retransmit_interval{
    {"retransmit-interval"}, {1, 3600U, "seconds"}, 5U};
inline constexpr NumberLeaf<std::uint16_t> transmit_delay{{"transmit-delay"}, {1, 900U, "seconds"}, 1U};
inline constexpr BooleanLeaf mtu_ignore{{"mtu-ignore"}, false};
inline constexpr MappingLeaf bfd{{"bfd"}};
inline constexpr BooleanLeaf transit{{"transit"}, false};
inline constexpr auto known =
    std::array<std::string_view, 16>{"public-key",     "name",          "address",   "role",
                                     "router-id",      "endpoints",     "announces", "cost",
                                     "hello-interval", "dead-interval", "patience",  "retransmit-interval",
                                     "transmit-delay", "mtu-ignore",    "bfd",       "transit"};
inline constexpr auto not_built = std::array<std::string_view, 11>{
    "authentication",   "priority",    "demand-circuit", "prefix-suppression", "two-part-metric",
    "static-neighbors", "multi-areas", "node-flag",      "ttl-security",       "lls",
    "fast-reroute"};
inline constexpr auto required = std::array<RequiredLeaf, 1>{RequiredLeaf{"public-key", "public-key: ...="}};
inline constexpr Section section{"a peer", known, not_built, required};
}  // namespace peer

namespace bfd {
inline constexpr BooleanLeaf enabled{{"enabled"}, false};
inline constexpr NumberLeaf<std::uint16_t> local_multiplier{{"local-multiplier"}, {1, 255U, ""}, 3U};
inline constexpr NumberLeaf<std::uint32_t> min_interval{
    {"min-interval"}, {10000, 60000000U, "microseconds"}, 50000U};
inline constexpr NumberLeaf<std::uint32_t> desired_min_tx_interval{
    {"desired-min-tx-interval"}, {10000, 60000000U, "microseconds"}, 50000U};
inline constexpr NumberLeaf<std::uint32_t> required_min_rx_interval{
    {"required-min-rx-interval"}, {10000, 60000000U, "microseconds"}, 50000U};
inline constexpr auto known = std::array<std::string_view, 5>{
    "enabled", "local-multiplier", "min-interval", "desired-min-tx-interval", "required-min-rx-interval"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required = std::array<RequiredLeaf, 0>{};
inline constexpr Section section{"bfd", known, not_built, required};
}  // namespace bfd

namespace announces {
inline constexpr ListLeaf prefixes{{"prefixes"}};
inline constexpr NumberLeaf<std::uint32_t> min_metric{{"min-metric"}, {0, 16777215U, ""}, 0U};
inline constexpr NumberLeaf<std::uint32_t> max_metric{{"max-metric"}, {0, 16777215U, ""}, 16777215U};
inline constexpr auto known = std::array<std::string_view, 3>{"prefixes", "min-metric", "max-metric"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required = std::array<RequiredLeaf, 0>{};
inline constexpr Section section{"announces", known, not_built, required};
}  // namespace announces

namespace redistribution {
inline constexpr auto source_values = std::array<std::string_view, 3>{"connected", "static", "table"};
inline constexpr ChoiceLeaf source{{"source"}, source_values, 0};
inline constexpr NumberLeaf<std::uint32_t> table{{"table"}, {1, 4294967295U, ""}, 1U};
inline constexpr NumberLeaf<std::uint16_t> metric_type{{"metric-type"}, {1, 2U, ""}, 2U};
inline constexpr NumberLeaf<std::uint32_t> metric{{"metric"}, {0, 16777214U, ""}, 20U};
inline constexpr ListLeaf prefixes{{"prefixes"}};
inline constexpr auto known =
    std::array<std::string_view, 5>{"source", "table", "metric-type", "metric", "prefixes"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required = std::array<RequiredLeaf, 1>{RequiredLeaf{"source", "source: connected"}};
inline constexpr Section section{"a redistribution", known, not_built, required};
}  // namespace redistribution

namespace prefix_filter {
inline constexpr TextLeaf prefix{{"prefix"}, ""};
inline constexpr NumberLeaf<std::uint16_t> ge{{"ge"}, {0, 32U, ""}, 0U};
inline constexpr NumberLeaf<std::uint16_t> le{{"le"}, {0, 32U, ""}, 0U};
inline constexpr auto known = std::array<std::string_view, 3>{"prefix", "ge", "le"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required =
    std::array<RequiredLeaf, 1>{RequiredLeaf{"prefix", "prefix: 198.51.100.0/24"}};
inline constexpr Section section{"a prefix filter", known, not_built, required};
}  // namespace prefix_filter

namespace api {
inline constexpr TextLeaf listen{{"listen"}, "unix:/run/wgospf/wgospfd.sock"};
inline constexpr TextLeaf group{{"group"}, ""};
inline constexpr MappingLeaf tls{{"tls"}};
inline constexpr auto known = std::array<std::string_view, 3>{"listen", "group", "tls"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required = std::array<RequiredLeaf, 0>{};
inline constexpr Section section{"api", known, not_built, required};
}  // namespace api

namespace tls {
inline constexpr TextLeaf certificate{{"certificate"}, ""};
inline constexpr TextLeaf key{{"key"}, ""};
inline constexpr TextLeaf client_ca{{"client-ca"}, ""};
inline constexpr auto client_authentication_values = std::array<std::string_view, 2>{"required", "none"};
inline constexpr ChoiceLeaf client_authentication{{"client-authentication"}, client_authentication_values, 0};
inline constexpr auto known =
    std::array<std::string_view, 4>{"certificate", "key", "client-ca", "client-authentication"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required =
    std::array<RequiredLeaf, 2>{RequiredLeaf{"certificate", "certificate: /etc/wgospf/api.pem"},
                                RequiredLeaf{"key", "key: /etc/wgospf/api.key"}};
inline constexpr Section section{"tls", known, not_built, required};
}  // namespace tls

namespace metrics {
inline constexpr TextLeaf listen{{"listen"}, ""};
inline constexpr auto known = std::array<std::string_view, 1>{"listen"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required =
    std::array<RequiredLeaf, 1>{RequiredLeaf{"listen", "listen: 127.0.0.1:9586"}};
inline constexpr Section section{"metrics", known, not_built, required};
}  // namespace metrics

namespace on_event {
inline constexpr TextLeaf kinds{{"kinds"}, ""};
inline constexpr auto min_severity_values =
    std::array<std::string_view, 4>{"debug", "info", "warning", "error"};
inline constexpr ChoiceLeaf min_severity{{"min-severity"}, min_severity_values, 2};
inline constexpr TextLeaf command{{"command"}, ""};
inline constexpr TextLeaf url{{"url"}, ""};
inline constexpr NumberLeaf<std::uint16_t> time_limit{{"time-limit"}, {1, 300U, "seconds"}, 10U};
inline constexpr NumberLeaf<std::uint16_t> max_per_minute{{"max-per-minute"}, {1, 6000U, ""}, 60U};
inline constexpr auto known = std::array<std::string_view, 6>{"kinds", "min-severity", "command",
                                                              "url",   "time-limit",   "max-per-minute"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required = std::array<RequiredLeaf, 0>{};
inline constexpr Section section{"an entry of on-event", known, not_built, required};
}  // namespace on_event

namespace rib {
inline constexpr NumberLeaf<std::uint32_t> table{{"table"}, {1, 4294967295U, ""}, 254U};
inline constexpr NumberLeaf<std::uint32_t> metric{{"metric"}, {1, 4294967295U, ""}, 110U};
inline constexpr TextLeaf lock_directory{{"lock-directory"}, "/run/wgospf"};
inline constexpr auto known = std::array<std::string_view, 3>{"table", "metric", "lock-directory"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required = std::array<RequiredLeaf, 0>{};
inline constexpr Section section{"rib", known, not_built, required};
}  // namespace rib

namespace spf_control {
inline constexpr MappingLeaf ietf_spf_delay{{"ietf-spf-delay"}};
inline constexpr auto known = std::array<std::string_view, 1>{"ietf-spf-delay"};
inline constexpr auto not_built = std::array<std::string_view, 1>{"paths"};
inline constexpr auto required = std::array<RequiredLeaf, 0>{};
inline constexpr Section section{"spf-control", known, not_built, required};
}  // namespace spf_control

namespace ietf_spf_delay {
inline constexpr NumberLeaf<std::uint32_t> initial_delay{{"initial-delay"}, {0, 600000U, "milliseconds"}, 0U};
inline constexpr NumberLeaf<std::uint32_t> short_delay{{"short-delay"}, {0, 600000U, "milliseconds"}, 50U};
inline constexpr NumberLeaf<std::uint32_t> long_delay{{"long-delay"}, {0, 600000U, "milliseconds"}, 50U};
inline constexpr NumberLeaf<std::uint32_t> hold_down{{"hold-down"}, {0, 600000U, "milliseconds"}, 1000U};
inline constexpr NumberLeaf<std::uint32_t> time_to_learn{
    {"time-to-learn"}, {0, 600000U, "milliseconds"}, 500U};
inline constexpr auto known = std::array<std::string_view, 5>{"initial-delay", "short-delay", "long-delay",
                                                              "hold-down", "time-to-learn"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required = std::array<RequiredLeaf, 0>{};
inline constexpr Section section{"ietf-spf-delay", known, not_built, required};
}  // namespace ietf_spf_delay

namespace database_control {
inline constexpr NumberLeaf<std::uint32_t> max_lsa{{"max-lsa"}, {1, 4294967294U, "LSAs"}, 128000U};
inline constexpr NumberLeaf<std::uint32_t> max_lsa_bytes{
    {"max-lsa-bytes"}, {65536, 4294967294U, "bytes"}, 8388608U};
inline constexpr auto known = std::array<std::string_view, 2>{"max-lsa", "max-lsa-bytes"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required = std::array<RequiredLeaf, 0>{};
inline constexpr Section section{"database-control", known, not_built, required};
}  // namespace database_control

namespace log {
inline constexpr auto level_values = std::array<std::string_view, 4>{"debug", "info", "warning", "error"};
inline constexpr ChoiceLeaf level{{"level"}, level_values, 1};
inline constexpr auto known = std::array<std::string_view, 1>{"level"};
inline constexpr auto not_built = std::array<std::string_view, 0>{};
inline constexpr auto required = std::array<RequiredLeaf, 0>{};
inline constexpr Section section{"log", known, not_built, required};
}  // namespace log

}  // namespace wgospf::daemon::leaf

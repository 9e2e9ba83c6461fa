#include "wgadapter/name_resolver.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace wgospf::wg::name_resolver_test {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put(Bytes& to, std::uint32_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void put_name(Bytes& to, const std::string& name) {
  std::size_t begin = 0;
  while (begin < name.size()) {
    const auto dot = std::min(name.find('.', begin), name.size());
    to.push_back(static_cast<std::uint8_t>(dot - begin));
    to.insert(to.end(), name.begin() + static_cast<std::ptrdiff_t>(begin),
              name.begin() + static_cast<std::ptrdiff_t>(dot));
    begin = dot + 1;
  }
  to.push_back(0);
}

struct Record {
  std::string target;
  std::uint16_t port = 51820, priority = 0, weight = 0;
  std::uint32_t ttl = 60;
};

/// An answer as RFC 1035 section 4 and RFC 2782 have it; owners are compressed.
Bytes answer(const std::vector<Record>& records) {
  Bytes message;
  for (const std::size_t word : {std::size_t{0x1234}, std::size_t{0x8180}, std::size_t{1}, records.size(),
                                 std::size_t{0}, std::size_t{0}})
    put(message, static_cast<std::uint32_t>(word), 2);
  put_name(message, "_wireguard._udp.example.net");
  put(message, 33, 2);
  put(message, 1, 2);
  for (const auto& record : records) {
    put(message, 0xc00c, 2);
    put(message, 33, 2);
    put(message, 1, 2);
    put(message, record.ttl, 4);
    Bytes data;
    put(data, record.priority, 2);
    put(data, record.weight, 2);
    put(data, record.port, 2);
    put_name(data, record.target);
    put(message, static_cast<std::uint32_t>(data.size()), 2);
    message.insert(message.end(), data.begin(), data.end());
  }
  return message;
}

std::vector<std::string> names_in(const ServiceTargets& found) {
  std::vector<std::string> names;
  for (const auto& target : found.targets) names.push_back(target.name);
  return names;
}

// RFC 2782: lower-numbered priorities first; larger weights have a higher chance, and here they come first.
TEST(ServiceAnswer, Rfc2782_PriorityThenWeight) {
  const auto found = parse_service_answer(
      answer({{"c.example.net", 3, 20, 99}, {"b.example.net", 2, 10, 1}, {"a.example.net", 1, 10, 9, 30}}));
  EXPECT_EQ(names_in(found), (std::vector<std::string>{"a.example.net", "b.example.net", "c.example.net"}));
  EXPECT_EQ(found.targets[0].port, 1);
  EXPECT_EQ(found.ttl, std::chrono::seconds{30});
}

// RFC 2782: a target of "." means that the service is decidedly not available.
TEST(ServiceAnswer, Rfc2782_TheRootIsNoTarget) {
  EXPECT_TRUE(parse_service_answer(answer({{""}})).targets.empty());
}

TEST(ServiceAnswer, WhatIsNoNameAndPortZeroAreLeftOut) {
  const auto found =
      parse_service_answer(answer({{"a b.example.net"}, {"a.example.net", 0}, {"b.example.net"}}));
  EXPECT_EQ(names_in(found), std::vector<std::string>{"b.example.net"});
}

TEST(ServiceAnswer, OfVeryManyTargetsAFewAreTaken) {
  std::vector<Record> many(100, Record{"a.example.net"});
  EXPECT_EQ(parse_service_answer(answer(many)).targets.size(), NameResolver::kTargetsMost);
}

// RFC 2181 section 8: a TTL with the most significant bit set is treated as 0.
TEST(ServiceAnswer, Rfc2181_Section8_ANegativeTtlIsNone) {
  EXPECT_EQ(parse_service_answer(answer({{"a.example.net", 1, 0, 0, 0x80000001U}})).ttl,
            NameResolver::kTtlLeast);
}

// In: an answer that is cut short, or has other bytes. Out: nothing but names, or nothing.
TEST(ServiceAnswer, WhateverComesIsNoHarm) {
  const auto whole = answer({{"a.example.net"}, {"b.example.net"}});
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_TRUE(parse_service_answer(std::span(whole).first(length)).targets.empty()) << length;
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    auto other = whole;
    for (int change = 0; change < 3; ++change)
      other[random() % other.size()] = static_cast<std::uint8_t>(random());
    for (const auto& target : parse_service_answer(other).targets) EXPECT_TRUE(is_domain_name(target.name));
  }
}

}  // namespace
}  // namespace wgospf::wg::name_resolver_test

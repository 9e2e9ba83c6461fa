#include "wgadapter/key.h"

#include <gtest/gtest.h>

#include <concepts>
#include <ostream>
#include <string>

namespace wgospf::wg {
namespace {

TEST(Key, RoundTripsThroughBothTexts) {
  for (int i = 0; i < 100; ++i) {
    const Key key = SecretKey::generate().public_key();
    EXPECT_EQ(key.to_base64().size(), 44U);
    EXPECT_EQ(key.to_hex().size(), 64U);
    EXPECT_EQ(Key::from_base64(key.to_base64()), key);
    EXPECT_EQ(Key::from_hex(key.to_hex()), key);
  }
}

TEST(Key, Base64IsTheCommonOne) {
  Key key;
  for (std::size_t i = 0; i < kKeyBytes; ++i) key.bytes[i] = static_cast<std::uint8_t>(i * 8 + 3);
  EXPECT_EQ(key.to_base64(), "AwsTGyMrMztDS1NbY2tze4OLk5ujq7O7w8vT2+Pr8/s=");
  EXPECT_EQ(Key{}.to_base64(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
}

TEST(Key, RefusesTextThatIsNotExactlyAKey) {
  const std::string good = "AwsTGyMrMztDS1NbY2tze4OLk5ujq7O7w8vT2+Pr8/s=";
  ASSERT_TRUE(Key::from_base64(good));
  EXPECT_FALSE(Key::from_base64(""));
  EXPECT_FALSE(Key::from_base64(good.substr(0, 43)));
  EXPECT_FALSE(Key::from_base64(good + "="));
  EXPECT_FALSE(Key::from_base64("AwsTGyMrMztDS1NbY2tze4OLk5ujq7O7w8vT2+Pr8/t="));  // bits beyond the key
  EXPECT_FALSE(Key::from_base64("AwsTGyMrMztDS1NbY2tze4OLk5ujq7O7w8vT2-Pr8_s="));  // the URL alphabet
  EXPECT_FALSE(Key::from_base64("AwsTGyMrMztDS1NbY2tze4OLk5ujq7O7w8vT2+Pr8=s="));
  EXPECT_FALSE(Key::from_hex(std::string(63, 'a')));
  EXPECT_FALSE(Key::from_hex(std::string(63, 'a') + "g"));
}

// The example of RFC 7748 section 6.1, both sides.
TEST(SecretKey, PublicKeyIsX25519OfTheBasePoint) {
  const auto alice = SecretKey::from_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const auto bob = SecretKey::from_hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  ASSERT_TRUE(alice && bob);
  EXPECT_EQ(alice->public_key().to_hex(), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(bob->public_key().to_hex(), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
}

TEST(SecretKey, ZeroMeansNone) {
  EXPECT_TRUE(SecretKey().is_zero());
  EXPECT_TRUE(SecretKey().public_key().is_zero());
  EXPECT_FALSE(SecretKey::generate().is_zero());
}

template <class T>
concept Printable = requires(std::ostream& out, T value) {
  out << value;
};
template <class T>
concept HasText = requires(T value) {
  value.to_base64();
}
|| requires(T value) {
  value.to_hex();
};
static_assert(!Printable<SecretKey> && !HasText<SecretKey> && !std::equality_comparable<SecretKey>,
              "a secret must not be able to reach a log");

TEST(SecretKey, LeavesNoTraceInItsMemory) {
  alignas(SecretKey) std::array<unsigned char, sizeof(SecretKey)> memory{};
  auto* key = new (memory.data()) SecretKey(SecretKey::generate());
  ASSERT_NE(memory, (std::array<unsigned char, sizeof(SecretKey)>{}));
  key->~SecretKey();
  const volatile unsigned char* bytes = memory.data();
  for (std::size_t i = 0; i < memory.size(); ++i) EXPECT_EQ(bytes[i], 0) << i;
}

}  // namespace
}  // namespace wgospf::wg

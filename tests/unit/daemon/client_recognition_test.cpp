// Who is taken for a client because of what it did not say.

#include "daemon/clients/recognition.h"

#include <gtest/gtest.h>

namespace wgospf::daemon::client_recognition_cases {
namespace {

using std::chrono::seconds;

constexpr seconds kDead{40};

TEST(ClientRecognition, WhoHadTheTimeToSayHelloAndDidNot) {
  EXPECT_FALSE(is_silent_as_a_client(seconds{39}, seconds{1000}, kDead));
  EXPECT_TRUE(is_silent_as_a_client(seconds{40}, seconds{1000}, kDead));
  // Its session is over: whether it is there nobody knows.
  EXPECT_TRUE(is_silent_as_a_client(seconds{180}, seconds{1000}, kDead));
  EXPECT_FALSE(is_silent_as_a_client(seconds{181}, seconds{1000}, kDead));
}

// In: a session that is older than this router's run. Out: what the peer said before counts neither way.
TEST(ClientRecognition, SilenceBeginsWhenThisRouterBeginsToListen) {
  EXPECT_FALSE(is_silent_as_a_client(seconds{90}, seconds{0}, kDead));
  EXPECT_FALSE(is_silent_as_a_client(seconds{129}, seconds{39}, kDead));
  EXPECT_TRUE(is_silent_as_a_client(seconds{130}, seconds{40}, kDead));
}

// In: a dead interval that is longer than sessions live. Out: whoever is quiet for nearly as long as they do.
TEST(ClientRecognition, ALongDeadIntervalIsNotWaitedFor) {
  EXPECT_FALSE(is_silent_as_a_client(seconds{99}, seconds{99}, seconds{400}));
  EXPECT_TRUE(is_silent_as_a_client(seconds{100}, seconds{100}, seconds{400}));
}

}  // namespace
}  // namespace wgospf::daemon::client_recognition_cases

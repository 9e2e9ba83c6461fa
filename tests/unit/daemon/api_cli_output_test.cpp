// wgospfctl whose answer cannot be written: a full disk must not look like success.
#include <streambuf>

#include "api_support.h"

namespace wgospf::daemon {
namespace {

/// Takes nothing.
class FullBuffer : public std::streambuf {
 protected:
  int overflow(int) override { return traits_type::eof(); }
};

class CliOutput : public ApiTest {
 protected:
  /// Runs wgospfctl against the server, with an output that takes nothing.
  [[nodiscard]] Outcome into_nothing(std::vector<const char*> arguments) const {
    arguments.insert(arguments.begin(), "wgospfctl");
    arguments.insert(arguments.end(), {"--socket", socket_.c_str()});
    FullBuffer full;
    std::ostream out(&full);
    std::ostringstream err;
    const int status =
        cli::run(static_cast<int>(arguments.size()), arguments.data(), {out, err, cli::Colours::off});
    return {status, {}, err.str()};
  }
};

TEST_F(CliOutput, AnAnswerThatCannotBeWrittenIsAFailure) {
  for (const char* what : {"status", "routes", "database"}) {
    const auto outcome = into_nothing({"show", what});
    EXPECT_EQ(outcome.status, 1) << what;
    EXPECT_EQ(outcome.err, "wgospfctl: The answer could not be written.\n") << what;
  }
  EXPECT_EQ(into_nothing({"show", "peers", "--json"}).status, 1);
}

TEST_F(CliOutput, WatchEndsWhenItCannotBeWritten) {
  const auto outcome = into_nothing({"watch"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err, "wgospfctl: The answer could not be written.\n");
}

}  // namespace
}  // namespace wgospf::daemon

#pragma once
// The thread that asks neighbours by ICMP echo: what passes (mtu_echoes.h), and whether they are there (echo_train.h).
//
// Searches for the MTU wait in a queue, for each takes as long as packets that do not come back are waited for; trains
// have places of their own. Needs CAP_NET_RAW. Sockets belong to the network namespace of the thread that calls the
// constructor. All calls return at once and may come from any thread; answers come on this one.

#include <cstdint>
#include <functional>
#include <memory>

#include "wgadapter/echo_train.h"
#include "wgadapter/mtu_echoes.h"

namespace wgospf::wg {

class IcmpProber {
 public:
  /// That run at a time; the others wait. So many trains send a few thousand packets a second.
  static constexpr std::size_t kSearchesMost = 16, kTrainsMost = 64;
  using Probed = std::function<void(const MtuProbed&)>;
  using Fate = std::function<void(const EchoFate&)>;

  IcmpProber();
  /// What is under way is not told any more.
  ~IcmpProber();
  IcmpProber(const IcmpProber&) = delete;
  IcmpProber& operator=(const IcmpProber&) = delete;

  /// Answered once.
  void probe(MtuProbe probe, Probed probed);
  /// Told of until EchoFate::What::over, or a little after stop().
  void start(EchoTrain train, Fate fate);
  /// The train of this ticket, if it runs or waits.
  void stop(std::uint64_t ticket);

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace wgospf::wg

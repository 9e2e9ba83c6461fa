#include "tests/sim/comeback.h"

#include <algorithm>

#include "tests/sim/describe.h"

namespace wgospf::sim {

using namespace ospf;

namespace {

constexpr Duration kLookInterval = seconds{1};
/// Nothing is on its way for so long: delays are of less than a second, jitter and duplicates included.
constexpr Duration kOnTheWay = seconds{4};
constexpr std::size_t kProblemsKept = 20;

std::string instance_of(std::int32_t sequence_number) {
  return std::to_string(static_cast<std::uint32_t>(sequence_number) - 0x80000000U);
}

}  // namespace

ComebackOracle::ComebackOracle(Network& network) : network_(network) {
  network.observers.push_back([this](Instant, RouterIndex router, const Output<V2>& output) {
    const auto* event = std::get_if<Event>(&output);
    const auto* origin = event == nullptr ? nullptr : std::get_if<LsaOriginated>(event);
    if (origin != nullptr) see(router, *origin);
  });
  network.packet_observers.push_back(
      [this](RouterIndex router, LinkId link, const Packet& packet) { see(router, link, packet); });
  network.scheduler.after(kLookInterval, [this] { look(); });
}

void ComebackOracle::see(RouterIndex, const LsaOriginated& event) {
  if (event.flushed) return;
  flushed_.erase(name_of(event));
  originated_[{name_of(event), event.header.sequence_number}] = network_.now();
}

void ComebackOracle::see(RouterIndex router, LinkId link, const Packet& packet) {
  const auto* update = std::get_if<LinkStateUpdate>(&packet.body);
  if (update == nullptr) return;
  for (const auto& lsa : update->lsas) {
    const LsaHeader& header = lsa.header;
    const LsaName named = name_of(network_, router, link, header.key);
    const auto known = flushed_.find(named);
    if (header.is_maxage()) {
      if (known == flushed_.end())
        flushed_[named].sequence_number = header.sequence_number;
      else
        known->second.sequence_number = std::max(known->second.sequence_number, header.sequence_number);
      continue;
    }
    if (known != flushed_.end() && known->second.is_gone &&
        header.sequence_number <= known->second.sequence_number)
      complain(router, "sends " + describe(header.key) + " instance " + instance_of(header.sequence_number) +
                           ", which was flushed and gone everywhere");
    const auto origin = originated_.find({named, header.sequence_number});
    if (origin == originated_.end()) continue;
    const auto age = std::chrono::duration_cast<seconds>(network_.now() - origin->second).count();
    // What waits in the socket of a process that stands still does not age, at two routers in a row at most.
    const auto slack = std::chrono::duration_cast<seconds>(2 * network_.longest_pause).count() + 1;
    if (header.age + slack < age)
      complain(router, "sends " + describe(header.key) + " instance " + instance_of(header.sequence_number) +
                           " with age " + std::to_string(header.age) + ", which is " + std::to_string(age) +
                           " s old");
  }
}

bool ComebackOracle::is_held(const LsaName& lsa) const {
  return std::any_of(network_.routers.begin(), network_.routers.end(), [&](const Router& router) {
    if (!router.instance) return false;
    const auto entry = router.instance->find_lsa(lsa.area, lsa.key, network_.now());
    return entry && entry->header.age < kMaxAge;
  });
}

void ComebackOracle::look() {
  network_.scheduler.after(kLookInterval, [this] { look(); });
  const bool anyone_paused = std::any_of(network_.routers.begin(), network_.routers.end(),
                                         [](const Router& router) { return router.is_paused; });
  for (auto& [key, flushed] : flushed_) {
    if (flushed.is_gone) continue;
    if (anyone_paused || is_held(key)) {  // what a paused router holds may also be in its socket
      flushed.absent_since.reset();
    } else if (!flushed.absent_since) {
      flushed.absent_since = network_.now();
    } else {
      flushed.is_gone = network_.now() - *flushed.absent_since >= kOnTheWay;
    }
  }
}

void ComebackOracle::complain(RouterIndex router, const std::string& what) {
  if (problems_.size() < kProblemsKept)
    problems_.insert("router " + std::to_string(router) + " (" + network_.routers[router].id.to_string() +
                     "): " + what);
}

}  // namespace wgospf::sim

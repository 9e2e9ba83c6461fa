#include "daemon/routes/allowed_ips_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <utility>

#include "daemon/routes/allowed_ips_words.h"
#include "daemon/state_file.h"
#include "net/links.h"

namespace wgospf::daemon {

namespace {
/// What could not be written is tried again after this time; the device has been read again by then.
constexpr std::chrono::seconds kRest{1};

/// Of the running kernel; where it cannot be had, another one at each start.
std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  if (file >> id) return id;
  return fmt::format("unknown-{}", std::chrono::system_clock::now().time_since_epoch().count());
}

/// What a former run noted of the device can only be taken back when it has been read.
bool is_there_unread(const wg::ManagedIps& device, const Inventory& links) {
  const Link* link = find_link(links, device.ifindex());
  if (link == nullptr || link->name != device.device()) return false;
  const auto own = device.own_prefixes();
  return !own.empty() && std::none_of(own.begin(), own.end(),
                                      [&](const auto& of_peer) { return device.has_peer(of_peer.first); });
}
}  // namespace

AllowedIpsWriter::AllowedIpsWriter(Host& host, AllowedIpsPlan& plan, std::function<void()> turn_end)
    : host_(host), plan_(plan), turn_end_(std::move(turn_end)), rest_timer_(host.loop()) {}

AllowedIpsWriter::~AllowedIpsWriter() {
  *alive_ = false;
}

// Where it cannot be known what is ours, it is the user's. What was noted before this boot was noted of devices
// that are no more.
void AllowedIpsWriter::start(const std::string& state_directory) {
  file_ = state_directory + "/allowed-ips";
  wg::OwnNote note;
  const std::string problem = take_state_file(file_, [&note](std::string_view text) -> Result<void> {
    auto parsed = wg::parse_own_note(text);
    if (!parsed) return parsed.error();
    note = std::move(*parsed);
    return {};
  });
  const std::string boot = boot_id();
  if (note.boot_id != boot) note = {};
  note.boot_id = boot;
  plan_.adopt(note);
  noting_->book = wg::OwnBook(note);
  own_ = std::make_shared<const wg::OwnAllowedIps>(std::move(note.own));
  if (!problem.empty())
    host_.teller().notice(Severity::warning, "allowed_ips_forgotten",
                          fmt::format("{}; allowed-ips that a former run has written count as written by "
                                      "hand, and stay",
                                      problem));
}

void AllowedIpsWriter::write() {
  const bool may_write = !is_noting_ && !(is_note_stale_ && is_resting_);
  if (may_write) {
    auto deltas = collect();
    if (is_note_due())
      note_and_submit(std::move(deltas));
    else
      submit(std::move(deltas));
  }
  for (auto& [name, device] : plan_.devices()) tell(name, device);
  if (may_write) check_done();
}

AllowedIpsWriter::Deltas AllowedIpsWriter::collect() {
  Deltas deltas;
  for (auto& [name, device] : plan_.devices()) {
    if (!device.has_work() || failed_.contains(name)) continue;
    if (auto delta = device.next()) deltas.emplace_back(name, std::move(*delta));
    tell_news(device);
  }
  return deltas;
}

bool AllowedIpsWriter::is_note_due() const {
  return is_note_stale_ || std::any_of(plan_.devices().begin(), plan_.devices().end(),
                                       [](const auto& named) { return named.second.is_own_changed(); });
}

void AllowedIpsWriter::note_and_submit(Deltas deltas) {
  noting_->devices.clear();
  noting_->changes.clear();
  for (auto& [name, device] : plan_.devices()) {
    if (!device.is_own_changed()) continue;
    noting_->devices.emplace_back(name, device.ifindex());
    noting_->changes.push_back(device.take_own_changes());
  }
  is_noting_ = true;
  auto pending = std::make_shared<Deltas>(std::move(deltas));
  host_.jobs().run(
      [noting = noting_, file = file_] {
        for (std::size_t i = 0; i < noting->devices.size(); ++i)
          noting->book.apply(noting->devices[i].first, noting->devices[i].second, noting->changes[i]);
        auto note = noting->book.note();
        noting->result = write_state_file(file, wg::to_text(note));
        noting->own = std::make_shared<const wg::OwnAllowedIps>(std::move(note.own));
      },
      [this, pending, alive = alive_] {
        if (*alive) on_noted(std::move(*pending));
      });
}

void AllowedIpsWriter::on_noted(Deltas deltas) {
  is_noting_ = false;
  own_ = noting_->own;
  const Result<void>& result = noting_->result;
  is_note_stale_ = !result;
  host_.teller().set_warning(
      "state_file", result ? std::string()
                           : fmt::format("{}; allowed-ips are not written, for what is ours could not be "
                                         "told from what is not",
                                         result.error().text));
  if (result) {
    submit(std::move(deltas));
  } else {
    for (const auto& [name, delta] : deltas) failed(name);
    rest();
  }
  turn_end_();
}

void AllowedIpsWriter::submit(Deltas deltas) {
  for (auto& [name, delta] : deltas) {
    under_way_.emplace(++last_ticket_, name);
    host_.devices().submit(last_ticket_, name, std::move(delta));
  }
}

void AllowedIpsWriter::take(const wg::Applied& applied) {
  const auto found = under_way_.find(applied.ticket);
  if (found == under_way_.end()) return;
  const std::string name = found->second;
  under_way_.erase(found);
  tell_failure(name, applied.error ? applied.error->text : std::string());
  if (!applied.error) return plan_.devices().at(name).applied();
  failed(name);
  rest();
}

void AllowedIpsWriter::failed(const std::string& device) {
  plan_.devices().at(device).applied();
  failed_.insert(device);
}

void AllowedIpsWriter::rest() {
  if (std::exchange(is_resting_, true)) return;
  rest_timer_.expires_after(kRest);
  rest_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    is_resting_ = false;
    failed_.clear();
    turn_end_();
  });
}

void AllowedIpsWriter::tell_failure(const std::string& device, const std::string& why) {
  if (why.empty() && refused_.erase(device) == 0) return;
  if (!why.empty()) refused_.insert(device);
  host_.teller().set_warning(
      "allowed_ips_write/" + device,
      why.empty() ? why : fmt::format("allowed-ips of {} cannot be written: {}", device, why));
}

/// What lasts.
void AllowedIpsWriter::tell(const std::string& name, wg::ManagedIps& device) {
  if (!refused_.empty() && !device.is_writing() && !device.has_work()) tell_failure(name, {});
  if (device.take_conflicts_changed())
    host_.teller().set_warning("allowed_ips_conflict/" + name, describe_conflicts(name, device.conflicts()));
  if (device.link_locals().take_conflicts_changed())
    host_.teller().set_warning("link_local_conflict/" + name,
                               describe_link_local_conflicts(name, device.link_locals().conflicts()));
}

void AllowedIpsWriter::tell_news(wg::ManagedIps& device) {
  if (const auto taken = device.take_taken(); !taken.empty())
    host_.teller().notice(Severity::warning, "allowed_ips_taken", describe_taken(device.device(), taken));
  if (const auto twice = device.take_claimed_twice(); !twice.empty())
    host_.teller().notice(Severity::error, "allowed_ips_claimed_twice",
                          describe_claimed_twice(device.device(), twice));
}

void AllowedIpsWriter::when_done(std::function<void()> done) {
  done_ = std::move(done);
  write();
}

void AllowedIpsWriter::check_done() {
  if (!done_ || is_noting_ || !under_way_.empty() || is_note_due()) return;
  const auto& links = host_.links().inventory();
  const bool is_any_unread =
      std::any_of(plan_.devices().begin(), plan_.devices().end(),
                  [&](const auto& device) { return is_there_unread(device.second, links); });
  if (!is_any_unread) std::exchange(done_, nullptr)();
}

}  // namespace wgospf::daemon

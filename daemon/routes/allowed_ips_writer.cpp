#include "daemon/routes/allowed_ips_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/routes/allowed_ips_words.h"
#include "daemon/state_file.h"

namespace wgospf::daemon {

namespace {
/// What could not be written is tried again after this time; the device has been read again by then.
constexpr std::chrono::seconds kRest{1};
}  // namespace

AllowedIpsWriter::AllowedIpsWriter(Host& host, AllowedIpsPlan& plan, std::function<void()> turn_end)
    : host_(host), plan_(plan), turn_end_(std::move(turn_end)), rest_timer_(host.loop()) {}

AllowedIpsWriter::~AllowedIpsWriter() {
  *alive_ = false;
}

// Where it cannot be known what is ours, it is the user's.
void AllowedIpsWriter::start(const std::string& state_directory) {
  file_ = state_directory + "/allowed-ips";
  const auto text = read_state_file(file_);
  std::string problem = text ? std::string() : text.error().text;
  if (text && *text) {
    const auto own = wg::parse_own_allowed_ips(**text);
    if (own)
      plan_.adopt(*own);
    else
      problem = fmt::format("{}: {}", file_, own.error().text);
  }
  if (!problem.empty())
    host_.teller().notice(Severity::warning, "allowed_ips_forgotten",
                          fmt::format("{}; allowed-ips that a former run has written count as written by "
                                      "hand, and stay",
                                      problem));
}

void AllowedIpsWriter::write() {
  if (is_noting_ || (is_note_stale_ && is_resting_)) return;
  auto deltas = collect();
  if (is_note_due()) return note_and_submit(std::move(deltas));
  submit(std::move(deltas));
  check_done();
}

AllowedIpsWriter::Deltas AllowedIpsWriter::collect() {
  Deltas deltas;
  for (auto& [name, device] : plan_.devices()) {
    if (device.is_writing() || device.mark() == device.done() || failed_.contains(name)) continue;
    if (auto delta = device.next())
      deltas.emplace_back(name, std::move(*delta));
    else
      tell_failure(name, {});
    tell(device);
  }
  return deltas;
}

bool AllowedIpsWriter::is_note_due() const {
  return is_note_stale_ || std::any_of(plan_.devices().begin(), plan_.devices().end(),
                                       [](const auto& named) { return named.second.is_own_changed(); });
}

void AllowedIpsWriter::note_and_submit(Deltas deltas) {
  struct Note {
    wg::OwnAllowedIps own{};
    Deltas deltas{};
    Result<void> result{};
  };
  auto note = std::make_shared<Note>();
  note->deltas = std::move(deltas);
  for (auto& [name, device] : plan_.devices())
    if (auto prefixes = device.own_prefixes(); !prefixes.empty())
      note->own.emplace(name, std::move(prefixes));
  is_noting_ = true;
  host_.jobs().run([note, file = file_] { note->result = write_state_file(file, wg::to_text(note->own)); },
                   [this, note, alive = alive_] {
                     if (*alive) on_noted(std::move(note->deltas), note->result);
                   });
}

void AllowedIpsWriter::on_noted(Deltas deltas, const Result<void>& result) {
  is_noting_ = false;
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
  if (!applied.error) return plan_.devices().at(name).applied(true);
  failed(name);
  rest();
}

void AllowedIpsWriter::failed(const std::string& device) {
  plan_.devices().at(device).applied(false);
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
  host_.teller().set_warning(
      "allowed_ips_write/" + device,
      why.empty() ? why : fmt::format("allowed-ips of {} cannot be written: {}", device, why));
}

void AllowedIpsWriter::tell(wg::ManagedIps& device) {
  host_.teller().set_warning("allowed_ips_conflict/" + device.device(),
                             describe_conflicts(device.device(), device.conflicts()));
  if (const auto taken = device.take_taken(); !taken.empty())
    host_.teller().notice(Severity::warning, "allowed_ips_taken", describe_taken(device.device(), taken));
}

void AllowedIpsWriter::when_done(std::function<void()> done) {
  done_ = std::move(done);
  write();
}

void AllowedIpsWriter::check_done() {
  if (done_ && !is_noting_ && under_way_.empty() && !is_note_due()) std::exchange(done_, nullptr)();
}

}  // namespace wgospf::daemon

#pragma once
// A value, or the reason why there is none. The environment's failures (a device that is gone, a permission,
// a kernel that says no) travel this way to the caller; nothing in net/, wgadapter/ and rib/ throws, prints
// or exits for them.

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace wgospf {

enum class ErrorCode : std::uint8_t {
  not_found,      ///< No such interface, device or peer.
  not_wireguard,  ///< The interface exists but is no WireGuard device.
  unsupported,    ///< The kernel or the device lacks the feature (no WireGuard family, for one).
  permission,     ///< CAP_NET_ADMIN or CAP_NET_RAW is missing, or a firewall said no.
  timed_out,      ///< No answer within the deadline.
  would_block,    ///< Out of buffers for the moment; the same call may succeed later.
  interrupted,    ///< The state kept changing while it was read, more often than we retry.
  link_down,      ///< The interface is down or has been removed.
  no_route,       ///< WireGuard has no peer or no endpoint for the destination, or the kernel no route.
  too_large,      ///< The datagram is longer than IP can carry.
  invalid,        ///< What the caller asked for makes no sense.
  rejected,       ///< The device or kernel refused a request.
  malformed,      ///< An answer that breaks its own format.
  system,         ///< Any other failure of a system call.
};
[[nodiscard]] const char* to_string(ErrorCode code);

/// The code that an errno stands for.
[[nodiscard]] ErrorCode code_of(int system_error);

struct Error {
  Error() = default;
  Error(ErrorCode what, std::string why, int from = 0)
      : code(what), text(std::move(why)), system_error(from) {}
  Error(int from, std::string why) : Error(code_of(from), std::move(why), from) {}

  ErrorCode code = ErrorCode::system;
  std::string text{};    ///< One sentence that names the place and the cure.
  int system_error = 0;  ///< The errno behind it; 0 when there is none.
};

/// A value or an Error. `value()` and `error()` must match what `operator bool` says.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] explicit operator bool() const { return state_.index() == 0; }
  [[nodiscard]] T& value() & { return *std::get_if<0>(&state_); }
  [[nodiscard]] const T& value() const& { return *std::get_if<0>(&state_); }
  [[nodiscard]] T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  [[nodiscard]] T& operator*() & { return value(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  [[nodiscard]] T* operator->() { return &value(); }
  [[nodiscard]] const T* operator->() const { return &value(); }
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}

  [[nodiscard]] explicit operator bool() const { return !failed_; }
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_{};
  bool failed_ = false;
};

/// An Error out of an errno: `what` says which place, strerror is added.
[[nodiscard]] Error failure(const std::string& what, int error_number);
/// The same for what needs the capabilities of a router, with the cure where one is known.
[[nodiscard]] Error system_error(int error_number, const std::string& what);

}  // namespace wgospf

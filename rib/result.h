#pragma once
// Fallible construction without exceptions.

#include <string>
#include <utility>
#include <variant>

namespace wgospf::rib {

struct Error {
  int code = 0;           ///< errno, 0 when none fits
  std::string message{};  ///< Names the place and the cure.
};

/// A value or the reason why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}

  [[nodiscard]] explicit operator bool() const { return state_.index() == 0; }
  /// The value; only when there is one.
  [[nodiscard]] T& value() { return *std::get_if<0>(&state_); }
  [[nodiscard]] const T& value() const { return *std::get_if<0>(&state_); }
  /// The reason; only when there is no value.
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace wgospf::rib

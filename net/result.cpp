#include "net/result.h"

#include <cerrno>
#include <cstring>

namespace wgospf {

const char* to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found:
      return "not found";
    case ErrorCode::not_wireguard:
      return "not a WireGuard device";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::permission:
      return "permission denied";
    case ErrorCode::timed_out:
      return "timed out";
    case ErrorCode::would_block:
      return "out of buffers";
    case ErrorCode::interrupted:
      return "interrupted by changes";
    case ErrorCode::link_down:
      return "link down";
    case ErrorCode::no_route:
      return "no route";
    case ErrorCode::too_large:
      return "too large";
    case ErrorCode::invalid:
      return "invalid";
    case ErrorCode::rejected:
      return "rejected";
    case ErrorCode::malformed:
      return "malformed";
    case ErrorCode::system:
      return "system error";
  }
  return "unknown";
}

ErrorCode code_of(int system_error) {
  switch (system_error) {
    case ENOENT:
    case ENODEV:
      return ErrorCode::not_found;
    case EPERM:
    case EACCES:
      return ErrorCode::permission;
    case ETIMEDOUT:
      return ErrorCode::timed_out;
    case EAGAIN:
    case ENOBUFS:
      return ErrorCode::would_block;
    case EOPNOTSUPP:
      return ErrorCode::unsupported;
    case ENETDOWN:
      return ErrorCode::link_down;
    case EMSGSIZE:
      return ErrorCode::too_large;
    default:
      return ErrorCode::system;
  }
}

Error failure(const std::string& what, int error_number) {
  return {error_number, what + ": " + std::strerror(error_number)};
}

Error system_error(int error_number, const std::string& what) {
  Error error = failure(what, error_number);
  if (error_number == EPERM || error_number == EACCES)
    error.text += " (run with CAP_NET_ADMIN and CAP_NET_RAW)";
  if (error_number == EMFILE) error.text += " (raise the limit of open files, LimitNOFILE= under systemd)";
  return error;
}

}  // namespace wgospf

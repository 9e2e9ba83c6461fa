#include "wgadapter/result.h"

#include <cerrno>
#include <cstring>

namespace wgospf::wg {

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

namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
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

}  // namespace

Error system_error(int error_number, const std::string& what) {
  std::string text = what + ": " + std::strerror(error_number);
  if (error_number == EPERM || error_number == EACCES) text += " (run with CAP_NET_ADMIN and CAP_NET_RAW)";
  if (error_number == EMFILE) text += " (raise the limit of open files, LimitNOFILE= under systemd)";
  return {code_of(error_number), std::move(text), error_number};
}

}  // namespace wgospf::wg

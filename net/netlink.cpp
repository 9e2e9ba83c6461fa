#include "net/netlink.h"

namespace wgospf::netlink {

std::uint32_t u32_of(Bytes value) {
  return header_at<std::uint32_t>(value).value_or(0);
}

std::string_view text_of(Bytes value) {
  const auto* text = reinterpret_cast<const char*>(value.data());
  return {text, strnlen(text, value.size())};
}

std::optional<IpAddress> address_of(Bytes value) {
  if (value.size() == 4) {
    Ipv4Address v4;
    for (const std::byte b : value) v4.value = (v4.value << 8) | static_cast<std::uint32_t>(b);
    return v4;
  }
  if (value.size() != 16) return std::nullopt;
  Ipv6Address v6;
  std::memcpy(v6.bytes.data(), value.data(), 16);
  return v6;
}

nlmsghdr header_of(Bytes message) {
  return header_at<nlmsghdr>(message).value_or(nlmsghdr{});
}

namespace {

// struct nlmsgerr: the error, then the request's header, then the request itself unless NLM_F_CAPPED, then
// the extended attributes if NLM_F_ACK_TLVS. An acknowledgement without an error never has the request.
std::string extended_text(Bytes message, const nlmsghdr& header, const nlmsgerr& body) {
  if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  std::size_t offset = sizeof(nlmsghdr) + sizeof(nlmsgerr);
  if ((header.nlmsg_flags & NLM_F_CAPPED) == 0 && body.error != 0)
    offset += aligned(std::max<std::size_t>(body.msg.nlmsg_len, sizeof(nlmsghdr))) - sizeof(nlmsghdr);
  if (offset >= message.size()) return {};
  std::string text;
  for_each_attribute(message.subspan(offset), [&text](std::uint16_t type, Bytes value) {
    if (type == NLMSGERR_ATTR_MSG) text = text_of(value);
  });
  return text;
}

}  // namespace

std::optional<Reply> decode_reply(Bytes message) {
  const auto header = header_at<nlmsghdr>(message);
  if (!header || (header->nlmsg_type != NLMSG_ERROR && header->nlmsg_type != NLMSG_DONE)) return std::nullopt;
  Reply reply{header->nlmsg_seq};
  if (header->nlmsg_type == NLMSG_DONE) {  // it, too, may carry an error
    const int error = header_at<int>(message, sizeof(nlmsghdr)).value_or(0);
    reply.error = error < 0 ? -error : 0;
    return reply;
  }
  const auto body = header_at<nlmsgerr>(message, sizeof(nlmsghdr));
  if (!body) return std::nullopt;
  reply.error = -body->error;
  reply.text = extended_text(message, *header, *body);
  return reply;
}

void MessageBuffer::append(Bytes bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  bytes_.resize(aligned(bytes_.size()));
}

void MessageBuffer::begin(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence) {
  start_ = bytes_.size();
  put_header(nlmsghdr{
      .nlmsg_len = 0, .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = sequence, .nlmsg_pid = 0});
}

void MessageBuffer::end() {
  const auto length = static_cast<std::uint32_t>(bytes_.size() - start_);
  std::memcpy(bytes_.data() + start_ + offsetof(nlmsghdr, nlmsg_len), &length, sizeof(length));
}

void MessageBuffer::put_attribute(std::uint16_t type, Bytes value) {
  put_header(nlattr{static_cast<std::uint16_t>(sizeof(nlattr) + value.size()), type});
  append(value);
}

void MessageBuffer::put_u32(std::uint16_t type, std::uint32_t value) {
  put_attribute(type, std::as_bytes(std::span(&value, 1)));
}

void MessageBuffer::put_text(std::uint16_t type, const std::string& text) {
  put_attribute(type, std::as_bytes(std::span(text.c_str(), text.size() + 1)));
}

void MessageBuffer::put_address(std::uint16_t type, const IpAddress& address) {
  if (const auto* v4 = std::get_if<Ipv4Address>(&address)) {
    std::array<std::byte, 4> bytes{};
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::byte>(v4->value >> (24 - 8 * i));
    return put_attribute(type, bytes);
  }
  put_attribute(type, std::as_bytes(std::span(std::get<Ipv6Address>(address).bytes)));
}

}  // namespace wgospf::netlink

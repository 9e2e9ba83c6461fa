#pragma once
// Answers as a daemon gives them, to be printed: the router 10.0.32.1 of a triangle.

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

namespace wgospf::cli {

/// A message from protobuf's text form.
template <class Message>
Message message(const std::string& text) {
  Message parsed;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &parsed)) << text;
  return parsed;
}

}  // namespace wgospf::cli

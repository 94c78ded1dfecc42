// Store a state; only if it is still that, note it and read it, all at once.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "etcd.grpc.pb.h"

namespace {

// Makes a call that has to be done within the deadline and to succeed.
template <typename Rpc>
void Call(Rpc rpc) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  const grpc::Status status = rpc(&context);
  if (!status.ok()) {
    const std::string code = std::to_string(status.error_code());
    throw std::runtime_error("gRPC status " + code + ": " + status.error_message());
  }
}

// Returns a value of the answer, which must be set.
template <typename T>
T Field(const T& value, const std::string& name) {
  if (value == T()) throw std::runtime_error("the answer has no " + name);
  return value;
}

// Returns an item of a list of the answer, which must be there.
template <typename List>
const auto& At(const List& list, int index, const std::string& name) {
  if (index >= list.size()) throw std::runtime_error("the answer has no " + name);
  return list.Get(index);
}

// Whether bytes are UTF-8; RFC 3629, section 4.
bool IsUtf8(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    uint32_t code = static_cast<unsigned char>(text[i++]);
    if (code < 0x80) continue;
    if (code < 0xc2 || code > 0xf4) return false;
    const int trailing = 1 + (code >= 0xe0) + (code >= 0xf0);
    code &= 0x3f >> trailing;
    for (int k = 0; k < trailing; ++k) {
      if (i == text.size() || (text[i] & 0xc0) != 0x80) return false;
      code = code << 6 | (text[i++] & 0x3f);
    }
    const bool is_surrogate = 0xd800 <= code && code < 0xe000;
    const uint32_t least = 1 << (trailing == 1 ? 7 : 5 * trailing + 1);
    if (is_surrogate || code < least || code > 0x10ffff) return false;
  }
  return true;
}

// Returns the text that bytes must be.
std::string Text(const std::string& bytes) {
  if (!IsUtf8(bytes)) throw std::runtime_error("the answer has bytes that are no text");
  return bytes;
}

template <typename Label, typename Value>
void Print(const Label& label, const Value& value) {
  std::cout << std::boolalpha << label << ": " << value << '\n';
}

void Run() {
  // What fails is told by a status, and should not be logged besides.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  const auto channel = grpc::CreateChannel("localhost:2379", grpc::InsecureChannelCredentials());

  etcdserverpb::PutRequest request;
  request.set_key("state");
  request.set_value("ready");
  etcdserverpb::PutResponse answer;
  Call([&](auto* context) { return etcdserverpb::KV::NewStub(channel)->Put(context, request, &answer); });

  etcdserverpb::TxnRequest request2;
  auto* compare = request2.add_compare();
  compare->set_result(etcdserverpb::Compare::EQUAL);
  compare->set_target(etcdserverpb::Compare::VALUE);
  compare->set_key("state");
  compare->set_value("ready");
  auto* success = request2.add_success();
  success->mutable_request_put()->set_key("seen");
  success->mutable_request_put()->set_value("yes");
  auto* success2 = request2.add_success();
  success2->mutable_request_range()->set_key("state");
  auto* failure = request2.add_failure();
  failure->mutable_request_range()->set_key("state");
  etcdserverpb::TxnResponse answer2;
  Call([&](auto* context) { return etcdserverpb::KV::NewStub(channel)->Txn(context, request2, &answer2); });
  Print("succeeded", answer2.succeeded());
  for (const auto& item : At(answer2.responses(), 1, "responses[1]").response_range().kvs()) {
    Print(Text(Field(item.key(), "key")), Text(Field(item.value(), "value")));
  }
}

}  // namespace

int main() {
  try {
    Run();
  } catch (const std::exception& error) {
    std::string message = error.what();
    const auto control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
    std::replace_if(message.begin(), message.end(), control, ' ');
    std::cerr << message << '\n';
    return 1;
  }
}

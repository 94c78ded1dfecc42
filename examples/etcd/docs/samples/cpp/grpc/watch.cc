// Store a value, ask for all changes of its key from that one on, and stop after the
// first.
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

  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(60);
  etcdserverpb::LeaseGrantResponse answer;
  Call([&](auto* context) { return etcdserverpb::Lease::NewStub(channel)->LeaseGrant(context, request, &answer); });
  const int64_t lease = Field(answer.id(), "ID");

  etcdserverpb::PutRequest request2;
  request2.set_key("weather/" + std::to_string(lease));
  request2.set_value("sunny");
  request2.set_lease(lease);
  etcdserverpb::PutResponse answer2;
  Call([&](auto* context) { return etcdserverpb::KV::NewStub(channel)->Put(context, request2, &answer2); });
  const int64_t revision = Field(answer2.header().revision(), "header.revision");

  etcdserverpb::WatchRequest request3;
  request3.mutable_create_request()->set_key("weather/" + std::to_string(lease));
  request3.mutable_create_request()->set_start_revision(revision);
  Call([&](auto* context) {
    const auto stream = etcdserverpb::Watch::NewStub(channel)->Watch(context);
    stream->Write(request3);
    stream->WritesDone();
    etcdserverpb::WatchResponse answer3;
    while (stream->Read(&answer3)) {
      Print("created", answer3.created());
      for (const auto& item : answer3.events()) {
        Print("weather", Text(Field(item.kv().value(), "kv.value")));
      }
      if (!answer3.events().empty()) {
        context->TryCancel();
        stream->Finish();
        return grpc::Status::OK;
      }
    }
    const grpc::Status status = stream->Finish();
    if (status.ok()) throw std::runtime_error("the stream ended too early");
    return status;
  });

  etcdserverpb::LeaseRevokeRequest request4;
  request4.set_id(lease);
  etcdserverpb::LeaseRevokeResponse answer4;
  Call([&](auto* context) { return etcdserverpb::Lease::NewStub(channel)->LeaseRevoke(context, request4, &answer4); });
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

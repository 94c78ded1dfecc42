// Have the server make a lease, store a key with it, and end it, which deletes the key.
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
  Print("seconds", Field(answer.ttl(), "TTL"));

  etcdserverpb::PutRequest request2;
  request2.set_key("heartbeat/" + std::to_string(lease));
  request2.set_value("alive");
  request2.set_lease(lease);
  etcdserverpb::PutResponse answer2;
  Call([&](auto* context) { return etcdserverpb::KV::NewStub(channel)->Put(context, request2, &answer2); });

  etcdserverpb::LeaseRevokeRequest request3;
  request3.set_id(lease);
  etcdserverpb::LeaseRevokeResponse answer3;
  Call([&](auto* context) { return etcdserverpb::Lease::NewStub(channel)->LeaseRevoke(context, request3, &answer3); });
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

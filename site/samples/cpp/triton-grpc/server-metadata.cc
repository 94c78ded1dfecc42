// Ask a server for its name and version.
#include <grpc_client.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

namespace tc = triton::client;

namespace {

constexpr uint64_t kTimeout = 10'000'000;  // microseconds

void Check(const tc::Error& error) {
  if (!error.IsOk()) throw std::runtime_error(error.Message());
}

void Run() {
  // What fails is told by a status, and should not be logged besides.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  std::unique_ptr<tc::InferenceServerGrpcClient> client;
  Check(tc::InferenceServerGrpcClient::Create(&client, "localhost:9000"));

  inference::ServerMetadataResponse metadata;
  Check(client->ServerMetadata(&metadata, {}, kTimeout));
  if (metadata.name().empty()) throw std::runtime_error("the answer has no name");
  if (metadata.version().empty()) throw std::runtime_error("the answer has no version");
  std::cout << "name: " << metadata.name() << '\n';
  std::cout << "version: " << metadata.version() << '\n';
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

// Ask a server for its name and version.
#include <grpc_client.h>

#include <algorithm>
#include <cstdint>
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
  std::unique_ptr<tc::InferenceServerGrpcClient> client;
  Check(tc::InferenceServerGrpcClient::Create(&client, "localhost:9000"));

  inference::ServerMetadataResponse metadata;
  Check(client->ServerMetadata(&metadata, {}, kTimeout));
  std::cout << "name: " << metadata.name() << '\n';
  std::cout << "version: " << metadata.version() << '\n';
}

}  // namespace

int main() {
  try {
    Run();
  } catch (const std::exception& error) {
    std::string message = error.what();
    const auto breaks = [](char c) { return c == '\n' || c == '\r'; };
    std::replace_if(message.begin(), message.end(), breaks, ' ');
    std::cerr << message << '\n';
    return 1;
  }
}

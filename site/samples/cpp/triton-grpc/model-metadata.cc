// Ask which versions of a model are served, and for the name, datatype and shape of its
// inputs and outputs.
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

void Print(
    const std::string& kind, const inference::ModelMetadataResponse::TensorMetadata& tensor) {
  std::cout << kind << ' ' << tensor.name() << ": " << tensor.datatype() << " [";
  for (int i = 0; i < tensor.shape_size(); ++i) {
    std::cout << (i > 0 ? ", " : "") << tensor.shape(i);
  }
  std::cout << "]\n";
}

void Run() {
  // What fails is told by a status, and should not be logged besides.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  std::unique_ptr<tc::InferenceServerGrpcClient> client;
  Check(tc::InferenceServerGrpcClient::Create(&client, "localhost:9000"));

  inference::ModelMetadataResponse metadata;
  Check(client->ModelMetadata(&metadata, "dummy", "1", {}, kTimeout));
  if (metadata.name().empty()) throw std::runtime_error("the answer has no name");
  std::cout << "name: " << metadata.name() << '\n';
  std::cout << "versions:";
  for (const std::string& version : metadata.versions()) std::cout << ' ' << version;
  std::cout << "\nplatform: " << metadata.platform() << '\n';
  for (const auto& tensor : metadata.inputs()) Print("input", tensor);
  for (const auto& tensor : metadata.outputs()) Print("output", tensor);
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

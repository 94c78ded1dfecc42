// Ask whether the server is up, whether it has loaded its models, and whether one model
// can answer.
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

  bool live = false;
  Check(client->IsServerLive(&live, {}, kTimeout));
  std::cout << "server live: " << std::boolalpha << live << '\n';

  bool ready = false;
  Check(client->IsServerReady(&ready, {}, kTimeout));
  std::cout << "server ready: " << ready << '\n';

  bool model_ready = false;
  Check(client->IsModelReady(&model_ready, "dummy", "1", {}, kTimeout));
  std::cout << "model ready: " << model_ready << '\n';

  if (!live || !ready || !model_ready) {
    throw std::runtime_error("the server or the model is not ready");
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

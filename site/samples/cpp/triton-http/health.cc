// Ask whether the server is up, whether it has loaded its models, and whether one model
// can answer.
#include <http_client.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace tc = triton::client;

namespace {

void Check(const tc::Error& error) {
  if (!error.IsOk()) throw std::runtime_error(error.Message());
}

void Run() {
  // This client's calls have no time limit, but for Infer: end the program when its time is up.
  std::thread([] {
    std::this_thread::sleep_for(std::chrono::seconds(10));
    std::cerr << "no answer within 10 seconds\n";
    std::_Exit(1);
  }).detach();
  std::unique_ptr<tc::InferenceServerHttpClient> client;
  Check(tc::InferenceServerHttpClient::Create(&client, "localhost:8000"));

  bool live = false;
  Check(client->IsServerLive(&live));
  std::cout << "server live: " << std::boolalpha << live << '\n';

  // The client asks for /v2/health/live here, too; what tells is that the model is ready.
  bool ready = false;
  Check(client->IsServerReady(&ready));
  std::cout << "server ready: " << ready << '\n';

  bool model_ready = false;
  Check(client->IsModelReady(&model_ready, "dummy", "1"));
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

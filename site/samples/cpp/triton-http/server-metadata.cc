// Ask a server for its name and version.
#include <http_client.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
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

  std::string answer;
  Check(client->ServerMetadata(&answer));
  const auto metadata = nlohmann::json::parse(answer);
  std::cout << "name: " << metadata.at("name").get<std::string>() << '\n';
  std::cout << "version: " << metadata.at("version").get<std::string>() << '\n';
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

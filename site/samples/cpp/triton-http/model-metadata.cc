// Ask which versions of a model are served, and for the name, datatype and shape of its
// inputs and outputs.
#include <http_client.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace tc = triton::client;

namespace {

void Check(const tc::Error& error) {
  if (!error.IsOk()) throw std::runtime_error(error.Message());
}

void Print(const std::string& kind, const nlohmann::json& tensor) {
  const std::vector<int64_t> shape = tensor.at("shape");
  std::cout << kind << ' ' << tensor.at("name").get<std::string>() << ": "
            << tensor.at("datatype").get<std::string>() << " [";
  for (size_t i = 0; i < shape.size(); ++i) std::cout << (i > 0 ? ", " : "") << shape[i];
  std::cout << "]\n";
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
  Check(client->ModelMetadata(&answer, "dummy", "1"));
  const auto metadata = nlohmann::json::parse(answer);
  const auto versions = metadata.value("versions", nlohmann::json());  // null: there are none
  const std::vector<nlohmann::json> inputs = metadata.at("inputs");
  const std::vector<nlohmann::json> outputs = metadata.at("outputs");
  std::cout << "name: " << metadata.at("name").get<std::string>() << '\n';
  std::cout << "versions:";
  for (const auto& version : versions) std::cout << ' ' << version.get<std::string>();
  std::cout << "\nplatform: " << metadata.at("platform").get<std::string>() << '\n';
  for (const auto& tensor : inputs) Print("input", tensor);
  for (const auto& tensor : outputs) Print("output", tensor);
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

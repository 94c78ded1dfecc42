// Send a PNG or JPEG file as it is; the server decodes it, and the sample prints the
// likeliest class.
#include <http_client.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <memory>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace tc = triton::client;

namespace {

void Check(const tc::Error& error) {
  if (!error.IsOk()) throw std::runtime_error(error.Message());
}

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file || !bytes) throw std::runtime_error(path + " cannot be read");
  return bytes.str();
}

template <typename T>
std::vector<T> Values(
    const tc::InferResult& result, const std::string& name, const std::string& datatype) {
  std::string found;
  Check(result.Datatype(name, &found));
  if (found != datatype) {
    throw std::runtime_error("output " + name + " is " + found + ", not " + datatype);
  }
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  Check(result.RawData(name, &bytes, &size));
  if (size % sizeof(T) != 0) throw std::runtime_error("output " + name + " is cut short");
  std::vector<T> values(size / sizeof(T));
  std::memcpy(values.data(), bytes, size);
  std::vector<int64_t> shape;
  Check(result.Shape(name, &shape));
  const auto count = std::accumulate(
      shape.begin(), shape.end(), size_t{1}, std::multiplies<>());
  if (values.size() != count) {
    throw std::runtime_error("output " + name + " does not have the size of its shape");
  }
  return values;
}

void Run() {
  std::unique_ptr<tc::InferenceServerHttpClient> client;
  Check(tc::InferenceServerHttpClient::Create(&client, "localhost:8000"));

  // The server decodes the image and scales it to the size that the model takes.
  tc::InferInput* created = nullptr;
  Check(tc::InferInput::Create(&created, "image", {1}, "BYTES"));
  const std::unique_ptr<tc::InferInput> input(created);
  Check(input->AppendFromString({Read("digit-7.png")}));

  tc::InferOptions options("digits");
  options.model_version_ = "1";
  options.client_timeout_ = 10'000'000;  // microseconds
  tc::InferResult* answer = nullptr;
  const tc::Error error = client->Infer(&answer, options, {input.get()});
  const std::unique_ptr<tc::InferResult> result(answer);
  Check(error);
  Check(result->RequestStatus());

  const auto probabilities = Values<float>(
      *result, "probabilities", "FP32");
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  if (best == probabilities.end()) throw std::runtime_error("the answer has no probabilities");
  std::cout << "class: " << best - probabilities.begin() << '\n';
  std::cout << "probability: " << std::fixed << std::setprecision(4) << *best << '\n';
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

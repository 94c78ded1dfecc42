// Send numbers of 16 bits to a model, as bytes, and print the numbers that it returns.
#include <grpc_client.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <iomanip>
#include <iostream>
#include <limits>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace tc = triton::client;

namespace {

void Check(const tc::Error& error) {
  if (!error.IsOk()) throw std::runtime_error(error.Message());
}

// The bytes of a tensor, little-endian, as x86 and Arm are.
template <typename T>
std::string Bytes(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

// Writes numbers in 16 bits: 1 of the sign, 5 of the exponent, 10 of the fraction.
std::string Halved(const std::vector<float>& values) {
  std::vector<uint16_t> halves;
  for (const float value : values) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    const uint32_t sign = bits >> 16 & 0x8000;
    const uint32_t size = bits & 0x7fffffff;
    uint32_t half = (size - 0x38000000 + 0x1000) >> 13;
    if (size > 0x7f800000) {  // not a number
      half = 0x7e00;
    } else if (size >= 0x477ff000) {  // too large
      half = 0x7c00;
    } else if (size < 0x38800000) {  // so small that the exponent is 0
      half = static_cast<uint32_t>(std::lrint(std::ldexp(std::fabs(value), 24)));
    }
    halves.push_back(static_cast<uint16_t>(sign | half));
  }
  return Bytes(halves);
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

template <typename T>
void Print(const std::string& name, const std::vector<T>& values) {
  std::cout << name << ':' << std::setprecision(std::numeric_limits<T>::max_digits10);
  for (const T value : values) std::cout << ' ' << +value;
  std::cout << '\n';
}

void Run() {
  // What fails is told by a status, and should not be logged besides.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  std::unique_ptr<tc::InferenceServerGrpcClient> client;
  Check(tc::InferenceServerGrpcClient::Create(&client, "localhost:9000"));

  std::vector<tc::InferInput*> inputs;
  const std::vector<float> data = {0.5f, -1.25f, 1000.5f, 0.0999755859375f};
  tc::InferInput* created = nullptr;
  Check(tc::InferInput::Create(&created, "x", {1, 4}, "FP16"));
  const std::unique_ptr<tc::InferInput> input(created);
  const std::string halves = Halved(data);
  Check(input->AppendRaw(
      reinterpret_cast<const uint8_t*>(halves.data()), halves.size()));
  inputs.push_back(input.get());

  tc::InferOptions options("halves");
  options.model_version_ = "1";
  options.client_timeout_ = 10'000'000;  // microseconds
  tc::InferResult* answer = nullptr;
  const tc::Error error = client->Infer(&answer, options, inputs);
  const std::unique_ptr<tc::InferResult> result(answer);
  Check(error);
  Check(result->RequestStatus());

  Print("doubled", Values<float>(*result, "doubled", "FP32"));
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

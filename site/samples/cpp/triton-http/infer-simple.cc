// Send two tensors to a model and print the two that it returns, their sum and their
// difference.
#include <http_client.h>

#include <algorithm>
#include <cstdint>
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
  std::unique_ptr<tc::InferenceServerHttpClient> client;
  Check(tc::InferenceServerHttpClient::Create(&client, "localhost:8000"));

  std::vector<tc::InferInput*> inputs;
  const std::vector<int32_t> data = {
      0,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      9,
      10,
      11,
      12,
      13,
      987654321,
      -15,
  };
  tc::InferInput* created = nullptr;
  Check(tc::InferInput::Create(&created, "INPUT0", {1, 16}, "INT32"));
  const std::unique_ptr<tc::InferInput> input(created);
  Check(input->AppendRaw(
      reinterpret_cast<const uint8_t*>(data.data()), data.size() * sizeof(data[0])));
  inputs.push_back(input.get());
  const std::vector<int32_t> data2 = {
      1,
      1,
      2,
      3,
      5,
      8,
      13,
      21,
      34,
      55,
      89,
      144,
      233,
      377,
      123456789,
      610,
  };
  tc::InferInput* created2 = nullptr;
  Check(tc::InferInput::Create(&created2, "INPUT1", {1, 16}, "INT32"));
  const std::unique_ptr<tc::InferInput> input2(created2);
  Check(input2->AppendRaw(
      reinterpret_cast<const uint8_t*>(data2.data()), data2.size() * sizeof(data2[0])));
  inputs.push_back(input2.get());

  tc::InferOptions options("simple");
  options.model_version_ = "1";
  options.client_timeout_ = 10'000'000;  // microseconds
  tc::InferResult* answer = nullptr;
  const tc::Error error = client->Infer(&answer, options, inputs);
  const std::unique_ptr<tc::InferResult> result(answer);
  Check(error);
  Check(result->RequestStatus());

  Print("OUTPUT0", Values<int32_t>(*result, "OUTPUT0", "INT32"));
  Print("OUTPUT1", Values<int32_t>(*result, "OUTPUT1", "INT32"));
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

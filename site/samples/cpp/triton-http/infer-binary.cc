// Send the bytes of tensors in place of their elements, and print what the model
// returns.
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

std::vector<bool> Booleans(const tc::InferResult& result, const std::string& name) {
  const auto bytes = Values<uint8_t>(result, name, "BOOL");
  return {bytes.begin(), bytes.end()};
}

template <typename T>
void Show(const T& value) {
  std::cout << ' ' << std::setprecision(std::numeric_limits<T>::max_digits10) << +value;
}

void Show(bool value) { std::cout << ' ' << (value ? "true" : "false"); }

template <typename T>
void Print(const std::string& name, const std::vector<T>& values) {
  std::cout << name << ':';
  for (const T& value : values) Show(value);
  std::cout << '\n';
}

void Run() {
  std::unique_ptr<tc::InferenceServerHttpClient> client;
  Check(tc::InferenceServerHttpClient::Create(&client, "localhost:8000"));

  std::vector<tc::InferInput*> inputs;
  const std::vector<double> data = {0.1, -2.5};
  tc::InferInput* created = nullptr;
  Check(tc::InferInput::Create(&created, "exact", {2}, "FP64"));
  const std::unique_ptr<tc::InferInput> input(created);
  Check(input->AppendRaw(
      reinterpret_cast<const uint8_t*>(data.data()), data.size() * sizeof(data[0])));
  inputs.push_back(input.get());
  const std::vector<uint8_t> data2 = {true, false};
  tc::InferInput* created2 = nullptr;
  Check(tc::InferInput::Create(&created2, "flags", {2}, "BOOL"));
  const std::unique_ptr<tc::InferInput> input2(created2);
  Check(input2->AppendRaw(
      reinterpret_cast<const uint8_t*>(data2.data()), data2.size() * sizeof(data2[0])));
  inputs.push_back(input2.get());
  const std::vector<int64_t> data3 = {-123456789, 9007199254740993};
  tc::InferInput* created3 = nullptr;
  Check(tc::InferInput::Create(&created3, "signed", {2}, "INT64"));
  const std::unique_ptr<tc::InferInput> input3(created3);
  Check(input3->AppendRaw(
      reinterpret_cast<const uint8_t*>(data3.data()), data3.size() * sizeof(data3[0])));
  inputs.push_back(input3.get());
  const std::vector<uint64_t> data4 = {987654321u, 18446744073709551615u};
  tc::InferInput* created4 = nullptr;
  Check(tc::InferInput::Create(&created4, "unsigned", {2}, "UINT64"));
  const std::unique_ptr<tc::InferInput> input4(created4);
  Check(input4->AppendRaw(
      reinterpret_cast<const uint8_t*>(data4.data()), data4.size() * sizeof(data4[0])));
  inputs.push_back(input4.get());

  tc::InferOptions options("numbers");
  options.model_version_ = "1";
  options.client_timeout_ = 10'000'000;  // microseconds
  tc::InferResult* answer = nullptr;
  const tc::Error error = client->Infer(&answer, options, inputs);
  const std::unique_ptr<tc::InferResult> result(answer);
  Check(error);
  Check(result->RequestStatus());

  Print("opposite", Booleans(*result, "opposite"));
  Print("signed", Values<int64_t>(*result, "signed", "INT64"));
  Print("unsigned", Values<uint64_t>(*result, "unsigned", "UINT64"));
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

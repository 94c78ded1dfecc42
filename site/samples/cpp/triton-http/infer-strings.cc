// Send texts to a model and print the texts that it returns, each in quotes.
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
#include <nlohmann/json.hpp>
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

std::vector<std::string> Texts(const tc::InferResult& result, const std::string& name) {
  std::string found;
  Check(result.Datatype(name, &found));
  if (found != "BYTES") throw std::runtime_error("output " + name + " is " + found + ", not BYTES");
  std::vector<std::string> values;
  Check(result.StringData(name, &values));
  std::vector<int64_t> shape;
  Check(result.Shape(name, &shape));
  const auto count = std::accumulate(
      shape.begin(), shape.end(), size_t{1}, std::multiplies<>());
  if (values.size() != count) {
    throw std::runtime_error("output " + name + " does not have the size of its shape");
  }
  return values;
}

std::vector<int64_t> Shape(const tc::InferResult& result, const std::string& name) {
  std::vector<int64_t> shape;
  Check(result.Shape(name, &shape));
  return shape;
}

template <typename T>
void Show(const T& value) {
  std::cout << ' ' << std::setprecision(std::numeric_limits<T>::max_digits10) << +value;
}

void Show(const std::string& value) { std::cout << ' ' << nlohmann::json(value).dump(); }

template <typename T>
void Print(
    const std::string& name, const std::vector<int64_t>& shape, const std::vector<T>& values) {
  std::cout << name << " shape:";
  for (const int64_t size : shape) std::cout << ' ' << size;
  std::cout << '\n'
            << name << " first:";
  for (size_t i = 0; i < values.size() && i < 8; ++i) {
    const T value = values[i];
    Show(value);
  }
  std::cout << '\n';
}

void Run() {
  std::unique_ptr<tc::InferenceServerHttpClient> client;
  Check(tc::InferenceServerHttpClient::Create(&client, "localhost:8000"));

  std::vector<tc::InferInput*> inputs;
  const std::vector<std::string> data = {
      "good morning",
      "",
      "two\nlines",
      "Grüße 😀",
      "a \"b\"\\c",
  };
  tc::InferInput* created = nullptr;
  Check(tc::InferInput::Create(&created, "text", {5}, "BYTES"));
  const std::unique_ptr<tc::InferInput> input(created);
  Check(input->AppendFromString(data));
  inputs.push_back(input.get());

  tc::InferOptions options("texts");
  options.model_version_ = "1";
  options.client_timeout_ = 10'000'000;  // microseconds
  tc::InferResult* answer = nullptr;
  const tc::Error error = client->Infer(&answer, options, inputs);
  const std::unique_ptr<tc::InferResult> result(answer);
  Check(error);
  Check(result->RequestStatus());

  Print("upper", Shape(*result, "upper"), Texts(*result, "upper"));
  Print("length", Shape(*result, "length"), Values<int32_t>(*result, "length", "INT32"));
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

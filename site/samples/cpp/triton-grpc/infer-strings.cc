// Send texts to a model and print the texts that it returns, each in quotes.
#include <grpc_client.h>

#include <algorithm>
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
#include <sstream>
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

// Whether bytes are UTF-8; RFC 3629, section 4.
bool IsUtf8(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    uint32_t code = static_cast<unsigned char>(text[i++]);
    if (code < 0x80) continue;
    if (code < 0xc2 || code > 0xf4) return false;
    const int trailing = 1 + (code >= 0xe0) + (code >= 0xf0);
    code &= 0x3f >> trailing;
    for (int k = 0; k < trailing; ++k) {
      if (i == text.size() || (text[i] & 0xc0) != 0x80) return false;
      code = code << 6 | (text[i++] & 0x3f);
    }
    const bool is_surrogate = 0xd800 <= code && code < 0xe000;
    const uint32_t least = 1 << (trailing == 1 ? 7 : 5 * trailing + 1);
    if (is_surrogate || code < least || code > 0x10ffff) return false;
  }
  return true;
}

// Puts a text in quotes, as JSON writes it.
std::string Quoted(const std::string& text) {
  if (!IsUtf8(text)) throw std::runtime_error("a text holds bytes that are no UTF-8");
  const std::string escaped = "\"\\\b\f\n\r\t";
  std::ostringstream quoted;
  quoted << std::hex << std::setfill('0') << '"';
  for (const char c : text) {
    const size_t index = escaped.find(c);
    if (index != std::string::npos) {
      quoted << '\\' << "\"\\bfnrt"[index];
    } else if (0 <= c && c < ' ') {
      quoted << "\\u" << std::setw(4) << int{c};
    } else {
      quoted << c;
    }
  }
  quoted << '"';
  return quoted.str();
}

template <typename T>
void Show(const T& value) {
  std::cout << ' ' << std::setprecision(std::numeric_limits<T>::max_digits10) << +value;
}

void Show(const std::string& value) { std::cout << ' ' << Quoted(value); }

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
  // What fails is told by a status, and should not be logged besides.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  std::unique_ptr<tc::InferenceServerGrpcClient> client;
  Check(tc::InferenceServerGrpcClient::Create(&client, "localhost:9000"));

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

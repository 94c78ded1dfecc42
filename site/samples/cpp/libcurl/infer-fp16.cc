// Send numbers of 16 bits to a model, as bytes, and print the numbers that it returns.
#include <curl/curl.h>

#include <algorithm>
#include <cmath>
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

namespace {

size_t Append(char* data, size_t, size_t size, void* answer) {
  static_cast<std::string*>(answer)->append(data, size);
  return size;
}

// Returns the body of the answer, which must be a success.
std::string Send(const std::string& url, const std::string& header, const std::string& tensors) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(
      curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw std::runtime_error("libcurl cannot be initialised");
  std::string answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  const std::string length =
      "Inference-Header-Content-Length: " + std::to_string(header.size());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/octet-stream"), curl_slist_free_all);
  curl_slist_append(headers.get(), length.c_str());
  const std::string body = header + tensors;
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) throw std::runtime_error(url + ": " + curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    throw std::runtime_error("HTTP status " + std::to_string(status) + ": " + answer);
  }
  return answer;
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
    const nlohmann::json& answer, const std::string& name, const std::string& datatype) {
  for (const auto& output : answer.at("outputs")) {
    if (output.at("name") != name) continue;
    const std::string found = output.at("datatype");
    if (found != datatype) {
      throw std::runtime_error("output " + name + " is " + found + ", not " + datatype);
    }
    const auto values = output.at("data").get<std::vector<T>>();
    const auto shape = output.at("shape").get<std::vector<size_t>>();
    const auto size = std::accumulate(
        shape.begin(), shape.end(), size_t{1}, std::multiplies<>());
    if (values.size() != size) {
      throw std::runtime_error("output " + name + " does not have the size of its shape");
    }
    return values;
  }
  throw std::runtime_error("the answer has no output " + name);
}

template <typename T>
void Print(const std::string& name, const std::vector<T>& values) {
  std::cout << name << ':' << std::setprecision(std::numeric_limits<T>::max_digits10);
  for (const T value : values) std::cout << ' ' << +value;
  std::cout << '\n';
}

void Run() {
  // The binary tensor extension: a JSON header, then the bytes of the tensors. JSON has no FP16,
  // and a request must not mix tensors in JSON and in binary.
  nlohmann::json header;
  std::string tensors;
  nlohmann::json input;
  input["name"] = "x";
  input["datatype"] = "FP16";
  input["shape"] = std::vector<int64_t>{1, 4};
  const std::vector<float> data = {0.5f, -1.25f, 1000.5f, 0.0999755859375f};
  const std::string bytes = Halved(data);
  input["parameters"]["binary_data_size"] = bytes.size();
  header["inputs"].push_back(input);
  tensors += bytes;

  const auto answer = nlohmann::json::parse(
      Send("http://localhost:8000/v2/models/halves/versions/1/infer", header.dump(), tensors));
  Print("doubled", Values<float>(answer, "doubled", "FP32"));
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

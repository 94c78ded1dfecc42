// Send the bytes of tensors in place of their elements, and print what the model
// returns.
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
  // The binary tensor extension: a JSON header, then the bytes of the tensors. JSON has no FP16,
  // and a request must not mix tensors in JSON and in binary.
  nlohmann::json header;
  std::string tensors;
  nlohmann::json input;
  input["name"] = "exact";
  input["datatype"] = "FP64";
  input["shape"] = std::vector<int64_t>{2};
  const std::vector<double> data = {0.1, -2.5};
  const std::string bytes = Bytes(data);
  input["parameters"]["binary_data_size"] = bytes.size();
  header["inputs"].push_back(input);
  tensors += bytes;
  nlohmann::json input2;
  input2["name"] = "flags";
  input2["datatype"] = "BOOL";
  input2["shape"] = std::vector<int64_t>{2};
  const std::vector<uint8_t> data2 = {true, false};
  const std::string bytes2 = Bytes(data2);
  input2["parameters"]["binary_data_size"] = bytes2.size();
  header["inputs"].push_back(input2);
  tensors += bytes2;
  nlohmann::json input3;
  input3["name"] = "signed";
  input3["datatype"] = "INT64";
  input3["shape"] = std::vector<int64_t>{2};
  const std::vector<int64_t> data3 = {-123456789, 9007199254740993};
  const std::string bytes3 = Bytes(data3);
  input3["parameters"]["binary_data_size"] = bytes3.size();
  header["inputs"].push_back(input3);
  tensors += bytes3;
  nlohmann::json input4;
  input4["name"] = "unsigned";
  input4["datatype"] = "UINT64";
  input4["shape"] = std::vector<int64_t>{2};
  const std::vector<uint64_t> data4 = {987654321u, 18446744073709551615u};
  const std::string bytes4 = Bytes(data4);
  input4["parameters"]["binary_data_size"] = bytes4.size();
  header["inputs"].push_back(input4);
  tensors += bytes4;

  const auto answer = nlohmann::json::parse(
      Send("http://localhost:8000/v2/models/numbers/versions/1/infer", header.dump(), tensors));
  Print("opposite", Values<bool>(answer, "opposite", "BOOL"));
  Print("signed", Values<int64_t>(answer, "signed", "INT64"));
  Print("unsigned", Values<uint64_t>(answer, "unsigned", "UINT64"));
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

// Send a PNG or JPEG file as it is; the server decodes it, and the sample prints the
// likeliest class.
#include <curl/curl.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

size_t Append(char* data, size_t, size_t size, void* answer) {
  static_cast<std::string*>(answer)->append(data, size);
  return size;
}

// Returns the body of the answer, which must be a success.
std::string Send(const std::string& url, const std::string& header, const std::string& tensor) {
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
  const std::string body = header + tensor;
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

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file || !bytes) throw std::runtime_error(path + " cannot be read");
  return bytes.str();
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

void Run() {
  // The binary tensor extension: a JSON header, then the bytes of the tensor. A BYTES element
  // stands behind its length, 4 bytes little-endian, and binary_data_size counts both.
  const std::string image = Read("digit-7.png");
  std::string tensor;
  for (int shift = 0; shift < 32; shift += 8) {
    tensor.push_back(static_cast<char>(image.size() >> shift & 0xff));
  }
  tensor += image;
  nlohmann::json input;
  input["name"] = "image";
  input["datatype"] = "BYTES";
  input["shape"] = std::vector<int>{1};
  input["parameters"]["binary_data_size"] = tensor.size();
  nlohmann::json header;
  header["inputs"].push_back(input);

  // The server decodes the image and scales it to the size that the model takes.
  const auto answer = nlohmann::json::parse(
      Send("http://localhost:8000/v2/models/digits/versions/1/infer", header.dump(), tensor));
  const auto probabilities = Values<float>(
      answer, "probabilities", "FP32");
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

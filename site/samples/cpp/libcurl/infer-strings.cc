// Send texts to a model and print the texts that it returns, each in quotes.
#include <curl/curl.h>

#include <algorithm>
#include <cstdint>
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
std::string Send(const std::string& url, const std::string& body) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(
      curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw std::runtime_error("libcurl cannot be initialised");
  std::string answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
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

std::vector<int64_t> Shape(const nlohmann::json& answer, const std::string& name) {
  for (const auto& output : answer.at("outputs")) {
    if (output.at("name") == name) return output.at("shape").get<std::vector<int64_t>>();
  }
  throw std::runtime_error("the answer has no output " + name);
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
  nlohmann::json request;
  nlohmann::json input;
  input["name"] = "text";
  input["datatype"] = "BYTES";
  input["shape"] = std::vector<int64_t>{5};
  input["data"] = std::vector<std::string>{
      "good morning",
      "",
      "two\nlines",
      "Grüße 😀",
      "a \"b\"\\c",
  };
  request["inputs"].push_back(input);

  const auto answer = nlohmann::json::parse(
      Send("http://localhost:8000/v2/models/texts/versions/1/infer", request.dump()));
  Print("upper", Shape(answer, "upper"), Values<std::string>(answer, "upper", "BYTES"));
  Print("length", Shape(answer, "length"), Values<int32_t>(answer, "length", "INT32"));
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

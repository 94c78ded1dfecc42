// Ask which versions of a model are served, and for the name, datatype and shape of its
// inputs and outputs.
#include <curl/curl.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

size_t Append(char* data, size_t, size_t size, void* answer) {
  static_cast<std::string*>(answer)->append(data, size);
  return size;
}

// Returns the body of the answer, which must be a success.
std::string Send(const std::string& url) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(
      curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw std::runtime_error("libcurl cannot be initialised");
  std::string answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) throw std::runtime_error(url + ": " + curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    throw std::runtime_error("HTTP status " + std::to_string(status) + ": " + answer);
  }
  return answer;
}

void Print(const std::string& kind, const nlohmann::json& tensor) {
  const std::vector<int64_t> shape = tensor.at("shape");
  std::cout << kind << ' ' << tensor.at("name").get<std::string>() << ": "
            << tensor.at("datatype").get<std::string>() << " [";
  for (size_t i = 0; i < shape.size(); ++i) std::cout << (i > 0 ? ", " : "") << shape[i];
  std::cout << "]\n";
}

void Run() {
  const auto metadata = nlohmann::json::parse(
      Send("http://localhost:8000/v2/models/dummy/versions/1"));
  const auto versions = metadata.value("versions", nlohmann::json());  // null: there are none
  const std::vector<nlohmann::json> inputs = metadata.at("inputs");
  const std::vector<nlohmann::json> outputs = metadata.at("outputs");
  std::cout << "name: " << metadata.at("name").get<std::string>() << '\n';
  std::cout << "versions:";
  for (const auto& version : versions) std::cout << ' ' << version.get<std::string>();
  std::cout << "\nplatform: " << metadata.at("platform").get<std::string>() << '\n';
  for (const auto& tensor : inputs) Print("input", tensor);
  for (const auto& tensor : outputs) Print("output", tensor);
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

// Ask which versions of a model are served, and for the name, datatype and shape of its
// inputs and outputs.
#include <curl/curl.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

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
  std::cout << kind << ' ' << tensor.at("name").get<std::string>() << ": "
            << tensor.at("datatype").get<std::string>() << " [";
  const char* separator = "";
  for (const auto& dimension : tensor.at("shape")) {
    std::cout << separator << dimension;
    separator = ", ";
  }
  std::cout << "]\n";
}

void Run() {
  const auto metadata = nlohmann::json::parse(
      Send("http://localhost:8000/v2/models/dummy/versions/1"));
  std::cout << "name: " << metadata.at("name").get<std::string>() << '\n';
  std::cout << "versions:";
  for (const std::string version : metadata.at("versions")) std::cout << ' ' << version;
  std::cout << "\nplatform: " << metadata.at("platform").get<std::string>() << '\n';
  for (const auto& tensor : metadata.at("inputs")) Print("input", tensor);
  for (const auto& tensor : metadata.at("outputs")) Print("output", tensor);
}

}  // namespace

int main() {
  try {
    Run();
  } catch (const std::exception& error) {
    std::string message = error.what();
    const auto breaks = [](char c) { return c == '\n' || c == '\r'; };
    std::replace_if(message.begin(), message.end(), breaks, ' ');
    std::cerr << message << '\n';
    return 1;
  }
}

// Ask whether the server is up, whether it has loaded its models, and whether one model
// can answer.
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

// Refuses an answer that no model server gives: it has no body, or a JSON object.
void Ask(const std::string& url) {
  const std::string answer = Send(url);
  if (answer.empty()) return;
  const auto health = nlohmann::json::parse(answer, nullptr, false);
  if (!health.is_object() || health.contains("error")) {
    throw std::runtime_error("the answer is not one of a healthy server: " + answer);
  }
}

void Run() {
  Ask("http://localhost:8000/v2/health/live");
  std::cout << "server live: true\n";

  Ask("http://localhost:8000/v2/health/ready");
  std::cout << "server ready: true\n";

  Ask("http://localhost:8000/v2/models/dummy/versions/1/ready");
  std::cout << "model ready: true\n";
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

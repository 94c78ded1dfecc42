// Evaluate an expression at one time.
#include <curl/curl.h>

#include <algorithm>
#include <cstdint>
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
std::string Send(const std::string& url, const std::string& method, const nlohmann::json& body = nullptr) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(
      curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw std::runtime_error("libcurl cannot be initialised");
  std::string answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 5L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Accept: application/json"), curl_slist_free_all);
  const std::string content = body.is_null() ? "" : body.dump();
  if (!body.is_null()) {
    curl_slist_append(headers.get(), "Content-Type: application/json");
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, content.data());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(content.size()));
  }
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) throw std::runtime_error(url + ": " + curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    throw std::runtime_error("HTTP status " + std::to_string(status) + ": " + answer);
  }
  return answer;
}

// Returns what stands at a JSON pointer of the answer.
nlohmann::json Field(const nlohmann::json& answer, const std::string& pointer) {
  const nlohmann::json found = answer.at(nlohmann::json::json_pointer(pointer));
  if (found.is_null()) throw std::runtime_error("the answer has no " + pointer);
  return found;
}

// Returns a text, a number or a boolean of the answer, as it is printed.
std::string Text(const nlohmann::json& answer, const std::string& pointer) {
  const nlohmann::json found = Field(answer, pointer);
  if (found.is_structured()) throw std::runtime_error(pointer + " is no single value");
  return found.is_string() ? found.get<std::string>() : found.dump();
}

void Print(const std::string& label, const std::string& value) {
  std::cout << label << ": " << value << '\n';
}

void Run() {
  const auto answer = nlohmann::json::parse(
      Send("http://localhost:9090/api/v1/query?query=vector%286+%2A+7%29&time=1700000000", "GET"));
  Print("type", Text(answer, "/data/resultType"));
  Print("time", Text(answer, "/data/result/0/value/0"));
  Print("value", Text(answer, "/data/result/0/value/1"));
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

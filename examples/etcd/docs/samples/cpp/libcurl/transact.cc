// Store a state; only if it is still that, note it and read it, all at once.
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

// Returns a list of the answer.
nlohmann::json List(const nlohmann::json& answer, const std::string& pointer) {
  const nlohmann::json found = Field(answer, pointer);
  if (!found.is_array()) throw std::runtime_error(pointer + " is no list");
  return found;
}

const std::string kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Returns bytes in Base64, as JSON has them.
std::string Encoded(const std::string& bytes) {
  std::string base64;
  uint32_t bits = 0;
  int size = 0;
  for (const unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    for (size += 8; size >= 6; size -= 6) base64 += kDigits[bits >> (size - 6) & 63];
  }
  if (size > 0) base64 += kDigits[bits << (6 - size) & 63];
  while (base64.size() % 4 != 0) base64 += '=';
  return base64;
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

// Returns the text whose bytes stand in Base64.
std::string Decoded(const std::string& base64) {
  std::string bytes;
  uint32_t bits = 0;
  int size = 0;
  for (const char c : base64.substr(0, base64.find('='))) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string::npos) throw std::runtime_error(base64 + " is no Base64");
    bits = bits << 6 | static_cast<uint32_t>(digit);
    size += 6;
    if (size < 8) continue;
    size -= 8;
    bytes += static_cast<char>(bits >> size & 0xff);
  }
  if (!IsUtf8(bytes)) throw std::runtime_error(base64 + " is no text");
  return bytes;
}

// Refuses an answer that is an error, although its status is a success.
void Check(const nlohmann::json& answer) {
  if (!answer.is_object() || !answer.contains("error")) return;
  const nlohmann::json& error = answer.at("error");
  if (!error.is_null() && error != "") throw std::runtime_error("the answer is an error: " + answer.dump());
}

void Print(const std::string& label, const std::string& value) {
  std::cout << label << ": " << value << '\n';
}

void Run() {
  const nlohmann::json body = nlohmann::json::object({
      {"key", Encoded("state")},
      {"value", Encoded("ready")},
  });
  const auto answer = nlohmann::json::parse(
      Send("http://localhost:2378/v3/kv/put", "POST", body));
  Check(answer);

  const nlohmann::json body2 = nlohmann::json::object({
      {
          "compare",
          nlohmann::json::array({
              nlohmann::json::object({
                  {"result", "EQUAL"},
                  {"target", "VALUE"},
                  {"key", Encoded("state")},
                  {"value", Encoded("ready")},
              }),
          }),
      },
      {
          "success",
          nlohmann::json::array({
              nlohmann::json::object({
                  {
                      "request_put",
                      nlohmann::json::object({
                          {"key", Encoded("seen")},
                          {"value", Encoded("yes")},
                      }),
                  },
              }),
              nlohmann::json::object({
                  {
                      "request_range",
                      nlohmann::json::object({{"key", Encoded("state")}}),
                  },
              }),
          }),
      },
      {
          "failure",
          nlohmann::json::array({
              nlohmann::json::object({
                  {
                      "request_range",
                      nlohmann::json::object({{"key", Encoded("state")}}),
                  },
              }),
          }),
      },
  });
  const auto answer2 = nlohmann::json::parse(
      Send("http://localhost:2378/v3/kv/txn", "POST", body2));
  Print("succeeded", Text(answer2, "/succeeded"));
  for (const auto& item : List(answer2, "/responses/1/response_range/kvs")) {
    Print(Decoded(Text(item, "/key")), Decoded(Text(item, "/value")));
  }
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

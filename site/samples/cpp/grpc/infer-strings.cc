// Send texts to a model and print the texts that it returns, each in quotes.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <iomanip>
#include <iostream>
#include <limits>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "inference.grpc.pb.h"

namespace {

// Makes a call that has to be done within the deadline and to succeed.
template <typename Rpc>
void Call(Rpc rpc) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  const grpc::Status status = rpc(&context);
  if (!status.ok()) {
    const std::string code = std::to_string(status.error_code());
    throw std::runtime_error("gRPC status " + code + ": " + status.error_message());
  }
}

// Reads an output from the raw contents, in which servers answer, or from the typed ones.
template <typename T>
std::vector<T> Values(
    const inference::ModelInferResponse& response,
    const std::string& name, const std::string& datatype,
    const google::protobuf::RepeatedField<T>& (inference::InferTensorContents::*typed)() const) {
  for (int i = 0; i < response.outputs_size(); ++i) {
    const auto& output = response.outputs(i);
    if (output.name() != name) continue;
    if (output.datatype() != datatype) {
      throw std::runtime_error("output " + name + " is " + output.datatype() + ", not " + datatype);
    }
    const auto& contents = (output.contents().*typed)();
    std::vector<T> values(contents.begin(), contents.end());
    if (i < response.raw_output_contents_size()) {
      // Raw contents are little-endian, as x86 and Arm are.
      const std::string& raw = response.raw_output_contents(i);
      if (raw.size() % sizeof(T) != 0) throw std::runtime_error("output " + name + " is cut short");
      values.resize(raw.size() / sizeof(T));
      std::memcpy(values.data(), raw.data(), raw.size());
    }
    const auto size = std::accumulate(
        output.shape().begin(), output.shape().end(), size_t{1}, std::multiplies<>());
    if (values.size() != size) {
      throw std::runtime_error("output " + name + " does not have the size of its shape");
    }
    return values;
  }
  throw std::runtime_error("the answer has no output " + name);
}

// Reads texts, each of which stands behind its length.
std::vector<std::string> Unpacked(const std::string& packed) {
  std::vector<std::string> texts;
  for (size_t end = 0; end < packed.size();) {
    uint32_t length = 0;
    if (packed.size() - end < sizeof(length)) throw std::runtime_error("a text is cut short");
    std::memcpy(&length, packed.data() + end, sizeof(length));
    end += sizeof(length);
    if (packed.size() - end < length) throw std::runtime_error("a text is cut short");
    texts.push_back(packed.substr(end, length));
    end += length;
  }
  return texts;
}

std::vector<std::string> Texts(
    const inference::ModelInferResponse& response, const std::string& name) {
  for (int i = 0; i < response.outputs_size(); ++i) {
    const auto& output = response.outputs(i);
    if (output.name() != name) continue;
    if (output.datatype() != "BYTES") {
      throw std::runtime_error("output " + name + " is " + output.datatype() + ", not BYTES");
    }
    const auto& contents = output.contents().bytes_contents();
    std::vector<std::string> values(contents.begin(), contents.end());
    if (i < response.raw_output_contents_size()) values = Unpacked(response.raw_output_contents(i));
    const auto size = std::accumulate(
        output.shape().begin(), output.shape().end(), size_t{1}, std::multiplies<>());
    if (values.size() != size) {
      throw std::runtime_error("output " + name + " does not have the size of its shape");
    }
    return values;
  }
  throw std::runtime_error("the answer has no output " + name);
}

std::vector<int64_t> Shape(
    const inference::ModelInferResponse& response, const std::string& name) {
  for (const auto& output : response.outputs()) {
    if (output.name() == name) return {output.shape().begin(), output.shape().end()};
  }
  throw std::runtime_error("the answer has no output " + name);
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
  const auto channel = grpc::CreateChannel("localhost:9000", grpc::InsecureChannelCredentials());
  const auto stub = inference::GRPCInferenceService::NewStub(channel);

  inference::ModelInferRequest request;
  request.set_model_name("texts");
  request.set_model_version("1");
  auto* input = request.add_inputs();
  input->set_name("text");
  input->set_datatype("BYTES");
  input->add_shape(5);
  const std::vector<std::string> data = {
      "good morning",
      "",
      "two\nlines",
      "Grüße 😀",
      "a \"b\"\\c",
  };
  for (const std::string& text : data) input->mutable_contents()->add_bytes_contents(text);

  inference::ModelInferResponse response;
  Call([&](auto* context) { return stub->ModelInfer(context, request, &response); });
  Print("upper", Shape(response, "upper"), Texts(response, "upper"));
  Print("length", Shape(response, "length"), Values<int32_t>(response, "length", "INT32", &inference::InferTensorContents::int_contents));
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

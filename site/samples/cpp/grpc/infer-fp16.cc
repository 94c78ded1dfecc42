// Send numbers of 16 bits to a model, as bytes, and print the numbers that it returns.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <iomanip>
#include <iostream>
#include <limits>
#include <numeric>
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

template <typename T>
void Print(const std::string& name, const std::vector<T>& values) {
  std::cout << name << ':' << std::setprecision(std::numeric_limits<T>::max_digits10);
  for (const T value : values) std::cout << ' ' << +value;
  std::cout << '\n';
}

void Run() {
  // What fails is told by a status, and should not be logged besides.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  const auto channel = grpc::CreateChannel("localhost:9000", grpc::InsecureChannelCredentials());
  const auto stub = inference::GRPCInferenceService::NewStub(channel);

  // Typed contents have no FP16, and a request must not mix raw and typed contents.
  inference::ModelInferRequest request;
  request.set_model_name("halves");
  request.set_model_version("1");
  auto* input = request.add_inputs();
  input->set_name("x");
  input->set_datatype("FP16");
  input->add_shape(1);
  input->add_shape(4);
  const std::vector<float> data = {0.5f, -1.25f, 1000.5f, 0.0999755859375f};
  request.add_raw_input_contents(Halved(data));

  inference::ModelInferResponse response;
  Call([&](auto* context) { return stub->ModelInfer(context, request, &response); });
  Print("doubled", Values<float>(response, "doubled", "FP32", &inference::InferTensorContents::fp32_contents));
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

// Send a tensor of numbers to a model and print the tensor that it returns.
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

  inference::ModelInferRequest request;
  request.set_model_name("dummy");
  request.set_model_version("1");
  auto* input = request.add_inputs();
  input->set_name("b");
  input->set_datatype("FP32");
  input->add_shape(1);
  input->add_shape(10);
  const std::vector<float> data = {
      0.0f,
      1.0f,
      2.0f,
      3.0f,
      4.0f,
      5.0f,
      6.0f,
      7.0f,
      8.0f,
      9.0f,
  };
  input->mutable_contents()->mutable_fp32_contents()->Add(data.begin(), data.end());

  inference::ModelInferResponse response;
  Call([&](auto* context) { return stub->ModelInfer(context, request, &response); });
  Print("a", Values<float>(response, "a", "FP32", &inference::InferTensorContents::fp32_contents));
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

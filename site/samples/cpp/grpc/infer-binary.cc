// Send the bytes of tensors in place of their elements, and print what the model
// returns.
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

// Reads an output from the raw contents, in which servers answer, or from the typed ones, whose
// elements may be wider.
template <typename T, typename Wide>
std::vector<T> Values(
    const inference::ModelInferResponse& response,
    const std::string& name, const std::string& datatype,
    const google::protobuf::RepeatedField<Wide>& (inference::InferTensorContents::*typed)() const) {
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

std::vector<bool> Booleans(const inference::ModelInferResponse& response, const std::string& name) {
  const auto bytes = Values<uint8_t>(
      response, name, "BOOL", &inference::InferTensorContents::bool_contents);
  return {bytes.begin(), bytes.end()};
}

template <typename T>
void Show(const T& value) {
  std::cout << ' ' << std::setprecision(std::numeric_limits<T>::max_digits10) << +value;
}

void Show(bool value) { std::cout << ' ' << (value ? "true" : "false"); }

template <typename T>
void Print(const std::string& name, const std::vector<T>& values) {
  std::cout << name << ':';
  for (const T& value : values) Show(value);
  std::cout << '\n';
}

void Run() {
  // What fails is told by a status, and should not be logged besides.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  const auto channel = grpc::CreateChannel("localhost:9000", grpc::InsecureChannelCredentials());
  const auto stub = inference::GRPCInferenceService::NewStub(channel);

  // Typed contents have no FP16, and a request must not mix raw and typed contents.
  inference::ModelInferRequest request;
  request.set_model_name("numbers");
  request.set_model_version("1");
  auto* input = request.add_inputs();
  input->set_name("exact");
  input->set_datatype("FP64");
  input->add_shape(2);
  const std::vector<double> data = {0.1, -2.5};
  request.add_raw_input_contents(Bytes(data));
  auto* input2 = request.add_inputs();
  input2->set_name("flags");
  input2->set_datatype("BOOL");
  input2->add_shape(2);
  const std::vector<uint8_t> data2 = {true, false};
  request.add_raw_input_contents(Bytes(data2));
  auto* input3 = request.add_inputs();
  input3->set_name("signed");
  input3->set_datatype("INT64");
  input3->add_shape(2);
  const std::vector<int64_t> data3 = {-123456789, 9007199254740993};
  request.add_raw_input_contents(Bytes(data3));
  auto* input4 = request.add_inputs();
  input4->set_name("unsigned");
  input4->set_datatype("UINT64");
  input4->add_shape(2);
  const std::vector<uint64_t> data4 = {987654321u, 18446744073709551615u};
  request.add_raw_input_contents(Bytes(data4));

  inference::ModelInferResponse response;
  Call([&](auto* context) { return stub->ModelInfer(context, request, &response); });
  Print("opposite", Booleans(response, "opposite"));
  Print("signed", Values<int64_t>(response, "signed", "INT64", &inference::InferTensorContents::int64_contents));
  Print("unsigned", Values<uint64_t>(response, "unsigned", "UINT64", &inference::InferTensorContents::uint64_contents));
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

// Send a PNG or JPEG file as it is; the server decodes it, and the sample prints the
// likeliest class.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
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

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file || !bytes) throw std::runtime_error(path + " cannot be read");
  return bytes.str();
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

void Run() {
  // What fails is told by a status, and should not be logged besides.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  const auto channel = grpc::CreateChannel("localhost:9000", grpc::InsecureChannelCredentials());
  const auto stub = inference::GRPCInferenceService::NewStub(channel);

  // The server decodes the image and scales it to the size that the model takes.
  inference::ModelInferRequest request;
  request.set_model_name("digits");
  request.set_model_version("1");
  auto* input = request.add_inputs();
  input->set_name("image");
  input->set_datatype("BYTES");
  input->add_shape(1);
  input->mutable_contents()->add_bytes_contents(Read("digit-7.png"));

  inference::ModelInferResponse response;
  Call([&](auto* context) { return stub->ModelInfer(context, request, &response); });
  const auto probabilities = Values<float>(
      response, "probabilities", "FP32", &inference::InferTensorContents::fp32_contents);
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  if (best == probabilities.end()) throw std::runtime_error("the answer has no probabilities");
  std::cout << "class: " << best - probabilities.begin() << '\n';
  std::cout << "probability: " << std::fixed << std::setprecision(4) << *best << '\n';
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

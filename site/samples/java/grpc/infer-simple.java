// Send two tensors to a model and print the two that it returns, their sum and their
// difference.

import static java.util.concurrent.TimeUnit.SECONDS;
import static java.util.stream.Collectors.joining;

import inference.GRPCInferenceServiceGrpc;
import inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import inference.InferTensorContents;
import inference.ModelInferRequest;
import inference.ModelInferRequest.InferInputTensor;
import inference.ModelInferResponse;
import inference.ModelInferResponse.InferOutputTensor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.logging.LogManager;

class Main {
  public static void main(String[] args) {
    LogManager.getLogManager().reset(); // exceptions tell what is wrong
    String address = "localhost:9000";
    ManagedChannel channel =
        Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
    try {
      call(GRPCInferenceServiceGrpc.newBlockingStub(channel).withDeadlineAfter(10, SECONDS));
    } catch (Exception e) {
      System.err.println(String.join(" ", e.toString().split("\\s+")));
      System.exit(1);
    } finally {
      channel.shutdownNow();
    }
  }

  private static void call(GRPCInferenceServiceBlockingStub stub) {
    ModelInferRequest.Builder request = ModelInferRequest.newBuilder();
    request.setModelName("simple");
    request.setModelVersion("1");

    InferInputTensor.Builder input = request.addInputsBuilder();
    input.setName("INPUT0");
    input.setDatatype("INT32");
    input.addShape(1);
    input.addShape(16);
    int[] data = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 987654321, -15};
    for (int value : data) {
      input.getContentsBuilder().addIntContents(value);
    }

    InferInputTensor.Builder input2 = request.addInputsBuilder();
    input2.setName("INPUT1");
    input2.setDatatype("INT32");
    input2.addShape(1);
    input2.addShape(16);
    int[] data2 = {1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 123456789, 610};
    for (int value : data2) {
      input2.getContentsBuilder().addIntContents(value);
    }

    ModelInferResponse response = stub.modelInfer(request.build());
    int index = find(response, "OUTPUT0", "INT32");
    var output =
        values(response, index, InferTensorContents::getIntContentsList, ByteBuffer::getInt);
    print("OUTPUT0", output);
    int index2 = find(response, "OUTPUT1", "INT32");
    var output2 =
        values(response, index2, InferTensorContents::getIntContentsList, ByteBuffer::getInt);
    print("OUTPUT1", output2);
  }

  private static void print(String name, List<?> values) {
    System.out.println(name + ":" + values.stream().map(v -> " " + v).collect(joining()));
  }

  /** Finds an output of the answer. */
  private static int find(ModelInferResponse response, String name, String datatype) {
    for (int i = 0; i < response.getOutputsCount(); i++) {
      if (response.getOutputs(i).getName().equals(name)) {
        String found = response.getOutputs(i).getDatatype();
        if (!found.equals(datatype)) {
          throw new IllegalStateException("output " + name + " is " + found + ", not " + datatype);
        }
        return i;
      }
    }
    throw new IllegalStateException("the answer has no output " + name);
  }

  /** Reads an output from the raw contents, in which servers answer, or from the typed ones. */
  private static <T> List<T> values(
      ModelInferResponse response,
      int index,
      Function<InferTensorContents, List<T>> typed,
      Function<ByteBuffer, T> raw) {
    InferOutputTensor output = response.getOutputs(index);
    List<T> values = new ArrayList<>(typed.apply(output.getContents()));
    if (index < response.getRawOutputContentsCount()) {
      ByteBuffer buffer = response.getRawOutputContents(index).asReadOnlyByteBuffer();
      buffer.order(ByteOrder.LITTLE_ENDIAN);
      while (buffer.hasRemaining()) {
        values.add(raw.apply(buffer));
      }
    }
    long size = output.getShapeList().stream().reduce(1L, (a, b) -> a * b);
    if (values.size() != size) {
      throw new IllegalStateException(
          "output " + output.getName() + " has " + values.size() + " elements, not " + size);
    }
    return values;
  }
}

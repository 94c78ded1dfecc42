// Send the bytes of tensors in place of their elements, and print what the model
// returns.

import static java.util.concurrent.TimeUnit.SECONDS;
import static java.util.stream.Collectors.joining;

import com.google.protobuf.ByteString;
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
    // Typed contents have no FP16, and a request must not mix raw and typed contents.
    ModelInferRequest.Builder request = ModelInferRequest.newBuilder();
    request.setModelName("numbers");
    request.setModelVersion("1");

    InferInputTensor.Builder input = request.addInputsBuilder();
    input.setName("exact");
    input.setDatatype("FP64");
    input.addShape(2);
    ByteBuffer buffer = ByteBuffer.allocate(2 * 8).order(ByteOrder.LITTLE_ENDIAN);
    double[] data = {0.1, -2.5};
    for (double value : data) {
      buffer.putDouble(value);
    }
    buffer.flip();
    request.addRawInputContents(ByteString.copyFrom(buffer));

    InferInputTensor.Builder input2 = request.addInputsBuilder();
    input2.setName("flags");
    input2.setDatatype("BOOL");
    input2.addShape(2);
    ByteBuffer buffer2 = ByteBuffer.allocate(2 * 1).order(ByteOrder.LITTLE_ENDIAN);
    boolean[] data2 = {true, false};
    for (boolean value : data2) {
      buffer2.put((byte) (value ? 1 : 0));
    }
    buffer2.flip();
    request.addRawInputContents(ByteString.copyFrom(buffer2));

    InferInputTensor.Builder input3 = request.addInputsBuilder();
    input3.setName("signed");
    input3.setDatatype("INT64");
    input3.addShape(2);
    ByteBuffer buffer3 = ByteBuffer.allocate(2 * 8).order(ByteOrder.LITTLE_ENDIAN);
    long[] data3 = {-123456789L, 9007199254740993L};
    for (long value : data3) {
      buffer3.putLong(value);
    }
    buffer3.flip();
    request.addRawInputContents(ByteString.copyFrom(buffer3));

    InferInputTensor.Builder input4 = request.addInputsBuilder();
    input4.setName("unsigned");
    input4.setDatatype("UINT64");
    input4.addShape(2);
    ByteBuffer buffer4 = ByteBuffer.allocate(2 * 8).order(ByteOrder.LITTLE_ENDIAN);
    long[] data4 = {987654321, Long.parseUnsignedLong("18446744073709551615")};
    for (long value : data4) {
      buffer4.putLong(value);
    }
    buffer4.flip();
    request.addRawInputContents(ByteString.copyFrom(buffer4));

    ModelInferResponse response = stub.modelInfer(request.build());
    int index = find(response, "opposite", "BOOL");
    var output =
        values(response, index, InferTensorContents::getBoolContentsList, b -> b.get() != 0);
    print("opposite", output);
    int index2 = find(response, "signed", "INT64");
    var output2 =
        values(response, index2, InferTensorContents::getInt64ContentsList, ByteBuffer::getLong);
    print("signed", output2);
    int index3 = find(response, "unsigned", "UINT64");
    var output3 =
        values(response, index3, InferTensorContents::getUint64ContentsList, ByteBuffer::getLong);
    print("unsigned", output3.stream().map(Long::toUnsignedString).toList());
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

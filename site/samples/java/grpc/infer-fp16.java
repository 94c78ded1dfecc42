// Send numbers of 16 bits to a model, as bytes, and print the numbers that it returns.

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
    request.setModelName("halves");
    request.setModelVersion("1");

    InferInputTensor.Builder input = request.addInputsBuilder();
    input.setName("x");
    input.setDatatype("FP16");
    input.addShape(1);
    input.addShape(4);
    ByteBuffer buffer = ByteBuffer.allocate(4 * 2).order(ByteOrder.LITTLE_ENDIAN);
    float[] data = {0.5f, -1.25f, 1000.5f, 0.0999755859375f};
    for (float value : data) {
      buffer.putShort(halved(value));
    }
    buffer.flip();
    request.addRawInputContents(ByteString.copyFrom(buffer));

    ModelInferResponse response = stub.modelInfer(request.build());
    int index = find(response, "doubled", "FP32");
    var output =
        values(response, index, InferTensorContents::getFp32ContentsList, ByteBuffer::getFloat);
    print("doubled", output);
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

  /** Writes a number in 16 bits: 1 of the sign, 5 of the exponent, 10 of the fraction. */
  private static short halved(float value) {
    int bits = Float.floatToIntBits(value);
    int sign = bits >> 16 & 0x8000;
    int size = bits & 0x7fffffff;
    int half = size - 0x38000000 + 0x1000 >> 13;
    if (size > 0x7f800000) { // not a number
      half = 0x7e00;
    } else if (size >= 0x477ff000) { // too large
      half = 0x7c00;
    } else if (size < 0x38800000) { // so small that the exponent is 0
      half = (int) Math.rint(Math.scalb((double) Math.abs(value), 24));
    }
    return (short) (sign | half);
  }
}

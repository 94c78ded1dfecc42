// Send a PNG or JPEG file as it is; the server decodes it, and the sample prints the
// likeliest class.

import static java.util.concurrent.TimeUnit.SECONDS;

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
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
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

  private static void call(GRPCInferenceServiceBlockingStub stub) throws IOException {
    // The server decodes the image and scales it to the size that the model takes.
    byte[] image = Files.readAllBytes(Path.of("digit-7.png"));
    ModelInferRequest.Builder request = ModelInferRequest.newBuilder();
    request.setModelName("digits");
    request.setModelVersion("1");
    InferInputTensor.Builder input = request.addInputsBuilder();
    input.setName("image");
    input.setDatatype("BYTES");
    input.addShape(1);
    input.getContentsBuilder().addBytesContents(ByteString.copyFrom(image));

    ModelInferResponse response = stub.modelInfer(request.build());
    int index = find(response, "probabilities", "FP32");
    var output =
        values(response, index, InferTensorContents::getFp32ContentsList, ByteBuffer::getFloat);
    var probability = Collections.max(output);
    System.out.println("class: " + output.indexOf(probability));
    System.out.printf(Locale.ROOT, "probability: %.4f%n", probability);
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

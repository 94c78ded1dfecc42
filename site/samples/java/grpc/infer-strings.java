// Send texts to a model and print the texts that it returns, each in quotes.

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
    ModelInferRequest.Builder request = ModelInferRequest.newBuilder();
    request.setModelName("texts");
    request.setModelVersion("1");

    InferInputTensor.Builder input = request.addInputsBuilder();
    input.setName("text");
    input.setDatatype("BYTES");
    input.addShape(5);
    String[] data = {"good morning", "", "two\nlines", "Grüße 😀", "a \"b\"\\c"};
    for (String value : data) {
      input.getContentsBuilder().addBytesContents(ByteString.copyFromUtf8(value));
    }

    ModelInferResponse response = stub.modelInfer(request.build());
    int index = find(response, "upper", "BYTES");
    var output =
        values(
            response,
            index,
            InferTensorContents::getBytesContentsList,
            b -> ByteString.copyFrom(b, b.getInt()));
    print("upper shape", response.getOutputs(index).getShapeList());
    var first = output.subList(0, Math.min(8, output.size()));
    print("upper first", first.stream().map(Main::quoted).toList());
    int index2 = find(response, "length", "INT32");
    var output2 =
        values(response, index2, InferTensorContents::getIntContentsList, ByteBuffer::getInt);
    print("length shape", response.getOutputs(index2).getShapeList());
    var first2 = output2.subList(0, Math.min(8, output2.size()));
    print("length first", first2);
  }

  private static void print(String name, List<?> values) {
    System.out.println(name + ":" + values.stream().map(v -> " " + v).collect(joining()));
  }

  /** Puts a text in quotes, as JSON writes it. */
  private static String quoted(ByteString bytes) {
    if (!bytes.isValidUtf8()) {
      throw new IllegalStateException("a text holds bytes that are no UTF-8");
    }
    StringBuilder quoted = new StringBuilder("\"");
    for (char c : bytes.toStringUtf8().toCharArray()) {
      int escaped = "\"\\\b\f\n\r\t".indexOf(c);
      if (escaped >= 0) {
        quoted.append('\\').append("\"\\bfnrt".charAt(escaped));
      } else if (c < ' ') {
        quoted.append(String.format("\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
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

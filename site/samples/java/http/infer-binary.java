// Send the bytes of tensors in place of their elements, and print what the model
// returns.

import static java.util.concurrent.TimeUnit.SECONDS;
import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Predicate;

class Main {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) {
    try {
      call();
    } catch (Exception e) {
      System.err.println(String.join(" ", e.toString().split("\\s+")));
      System.exit(1);
    }
  }

  private static void call() throws Exception {
    // The binary tensor extension: a JSON header, then the bytes of the tensors. JSON has no FP16,
    // and a request must not mix tensors in JSON and in binary.
    ObjectNode body = JSON.createObjectNode();
    ArrayNode inputs = body.putArray("inputs");
    ByteArrayOutputStream tensors = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(2 * 8).order(ByteOrder.LITTLE_ENDIAN);
    double[] data = {0.1, -2.5};
    for (double value : data) {
      buffer.putDouble(value);
    }
    buffer.flip();
    tensors.write(buffer.array());
    ObjectNode input = inputs.addObject();
    input.put("name", "exact");
    input.put("datatype", "FP64");
    int[] shape = {2};
    input.set("shape", JSON.valueToTree(shape));
    input.putObject("parameters").put("binary_data_size", buffer.limit());
    ByteBuffer buffer2 = ByteBuffer.allocate(2 * 1).order(ByteOrder.LITTLE_ENDIAN);
    boolean[] data2 = {true, false};
    for (boolean value : data2) {
      buffer2.put((byte) (value ? 1 : 0));
    }
    buffer2.flip();
    tensors.write(buffer2.array());
    ObjectNode input2 = inputs.addObject();
    input2.put("name", "flags");
    input2.put("datatype", "BOOL");
    int[] shape2 = {2};
    input2.set("shape", JSON.valueToTree(shape2));
    input2.putObject("parameters").put("binary_data_size", buffer2.limit());
    ByteBuffer buffer3 = ByteBuffer.allocate(2 * 8).order(ByteOrder.LITTLE_ENDIAN);
    long[] data3 = {-123456789L, 9007199254740993L};
    for (long value : data3) {
      buffer3.putLong(value);
    }
    buffer3.flip();
    tensors.write(buffer3.array());
    ObjectNode input3 = inputs.addObject();
    input3.put("name", "signed");
    input3.put("datatype", "INT64");
    int[] shape3 = {2};
    input3.set("shape", JSON.valueToTree(shape3));
    input3.putObject("parameters").put("binary_data_size", buffer3.limit());
    ByteBuffer buffer4 = ByteBuffer.allocate(2 * 8).order(ByteOrder.LITTLE_ENDIAN);
    long[] data4 = {987654321, Long.parseUnsignedLong("18446744073709551615")};
    for (long value : data4) {
      buffer4.putLong(value);
    }
    buffer4.flip();
    tensors.write(buffer4.array());
    ObjectNode input4 = inputs.addObject();
    input4.put("name", "unsigned");
    input4.put("datatype", "UINT64");
    int[] shape4 = {2};
    input4.set("shape", JSON.valueToTree(shape4));
    input4.putObject("parameters").put("binary_data_size", buffer4.limit());
    byte[] header = JSON.writeValueAsBytes(body);

    String url = "http://localhost:8000/v2/models/numbers/versions/1/infer";
    HttpRequest.Builder request = request(url);
    request.header("Content-Type", "application/octet-stream");
    request.header("Inference-Header-Content-Length", String.valueOf(header.length));
    request.POST(
        BodyPublishers.concat(
            BodyPublishers.ofByteArray(header), BodyPublishers.ofByteArray(tensors.toByteArray())));
    JsonNode answer = JSON.readTree(send(request));
    print("opposite", find(answer, "opposite", "BOOL", JsonNode::isBoolean));
    print("signed", find(answer, "signed", "INT64", JsonNode::isNumber));
    print("unsigned", find(answer, "unsigned", "UINT64", JsonNode::isNumber));
  }

  private static HttpRequest.Builder request(String url) {
    return HttpRequest.newBuilder(URI.create(url));
  }

  /** Returns the body of the answer, which must be a success. */
  private static String send(HttpRequest.Builder request) throws Exception {
    HttpResponse<String> response =
        CLIENT.sendAsync(request.build(), BodyHandlers.ofString()).get(10, SECONDS);
    if (response.statusCode() != 200) {
      throw new IOException("HTTP status " + response.statusCode() + ": " + response.body());
    }
    return response.body();
  }

  private static void print(String name, JsonNode values) {
    String elements = values.valueStream().map(value -> " " + value).collect(joining());
    System.out.println(name + ":" + elements);
  }

  /** Finds the data of an output of the answer. */
  private static JsonNode find(
      JsonNode answer, String name, String datatype, Predicate<JsonNode> isElement)
      throws IOException {
    for (JsonNode output : answer.required("outputs")) {
      if (output.required("name").asText().equals(name)) {
        String found = output.required("datatype").asText();
        if (!found.equals(datatype)) {
          throw new IOException("output " + name + " is " + found + ", not " + datatype);
        }
        JsonNode shape = output.required("shape");
        long size = shape.valueStream().mapToLong(JsonNode::asLong).reduce(1, (a, b) -> a * b);
        JsonNode data = output.required("data");
        if (data.size() != size || !data.valueStream().allMatch(isElement)) {
          throw new IOException(
              "output " + name + " does not have the " + size + " elements of its shape");
        }
        return data;
      }
    }
    throw new IOException("the answer has no output " + name);
  }
}

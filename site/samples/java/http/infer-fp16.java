// Send numbers of 16 bits to a model, as bytes, and print the numbers that it returns.

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
    ByteBuffer buffer = ByteBuffer.allocate(4 * 2).order(ByteOrder.LITTLE_ENDIAN);
    float[] data = {0.5f, -1.25f, 1000.5f, 0.0999755859375f};
    for (float value : data) {
      buffer.putShort(halved(value));
    }
    buffer.flip();
    tensors.write(buffer.array());
    ObjectNode input = inputs.addObject();
    input.put("name", "x");
    input.put("datatype", "FP16");
    int[] shape = {1, 4};
    input.set("shape", JSON.valueToTree(shape));
    input.putObject("parameters").put("binary_data_size", buffer.limit());
    byte[] header = JSON.writeValueAsBytes(body);

    String url = "http://localhost:8000/v2/models/halves/versions/1/infer";
    HttpRequest.Builder request = request(url);
    request.header("Content-Type", "application/octet-stream");
    request.header("Inference-Header-Content-Length", String.valueOf(header.length));
    request.POST(
        BodyPublishers.concat(
            BodyPublishers.ofByteArray(header), BodyPublishers.ofByteArray(tensors.toByteArray())));
    JsonNode answer = JSON.readTree(send(request));
    print("doubled", find(answer, "doubled", "FP32", JsonNode::isNumber));
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

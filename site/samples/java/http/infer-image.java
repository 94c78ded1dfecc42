// Send a PNG or JPEG file as it is; the server decodes it, and the sample prints the
// likeliest class.

import static java.util.concurrent.TimeUnit.SECONDS;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
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
    byte[] image = Files.readAllBytes(Path.of("digit-7.png"));

    // The binary tensor extension: a JSON header, then the bytes of the tensor. A BYTES element
    // stands behind its length, 4 bytes little-endian, and binary_data_size counts both.
    ObjectNode inputs = JSON.createObjectNode();
    ObjectNode input = inputs.putArray("inputs").addObject();
    input.put("name", "image");
    input.put("datatype", "BYTES");
    input.putArray("shape").add(1);
    input.putObject("parameters").put("binary_data_size", 4 + image.length);
    byte[] header = JSON.writeValueAsBytes(inputs);
    ByteBuffer body = ByteBuffer.allocate(header.length + 4 + image.length);
    body.order(ByteOrder.LITTLE_ENDIAN).put(header).putInt(image.length).put(image);

    // The server decodes the image and scales it to the size that the model takes.
    String url = "http://localhost:8000/v2/models/digits/versions/1/infer";
    HttpRequest.Builder request = request(url);
    request.header("Content-Type", "application/octet-stream");
    request.header("Inference-Header-Content-Length", String.valueOf(header.length));
    request.POST(BodyPublishers.ofByteArray(body.array()));
    JsonNode answer = JSON.readTree(send(request));

    JsonNode output = find(answer, "probabilities", "FP32", JsonNode::isNumber);
    List<Double> probabilities = output.valueStream().map(JsonNode::asDouble).toList();
    double probability = Collections.max(probabilities);
    System.out.println("class: " + probabilities.indexOf(probability));
    System.out.printf(Locale.ROOT, "probability: %.4f%n", probability);
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

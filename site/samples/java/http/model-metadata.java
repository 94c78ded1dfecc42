// Ask which versions of a model are served, and for the name, datatype and shape of its
// inputs and outputs.

import static java.util.concurrent.TimeUnit.SECONDS;
import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

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
    String url = "http://localhost:8000/v2/models/dummy/versions/1";
    String answer = send(request(url));
    JsonNode metadata = JSON.readTree(answer);
    System.out.println("name: " + text(metadata, "name"));
    boolean isVersioned = metadata.hasNonNull("versions");
    String versions = isVersioned ? joined(list(metadata, "versions"), " ") : "";
    System.out.println(("versions: " + versions).stripTrailing());
    System.out.println("platform: " + text(metadata, "platform"));
    list(metadata, "inputs").forEach(tensor -> print("input", tensor));
    list(metadata, "outputs").forEach(tensor -> print("output", tensor));
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

  /** Returns a text that the answer must have. */
  private static String text(JsonNode node, String field) {
    JsonNode value = node.required(field);
    if (!value.isTextual()) {
      throw new IllegalArgumentException(field + " is not a text: " + value);
    }
    return value.asText();
  }

  /** Returns a list that the answer must have, without null among its elements. */
  private static JsonNode list(JsonNode node, String field) {
    JsonNode values = node.required(field);
    if (!values.isArray() || values.valueStream().anyMatch(JsonNode::isNull)) {
      throw new IllegalArgumentException(field + " is not a list of values: " + values);
    }
    return values;
  }

  private static String joined(JsonNode values, String separator) {
    return values.valueStream().map(JsonNode::asText).collect(joining(separator));
  }

  private static void print(String kind, JsonNode tensor) {
    String name = text(tensor, "name");
    String datatype = text(tensor, "datatype");
    String shape = joined(list(tensor, "shape"), ", ");
    System.out.println(kind + " " + name + ": " + datatype + " [" + shape + "]");
  }
}

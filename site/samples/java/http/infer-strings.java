// Send texts to a model and print the texts that it returns, each in quotes.

import static java.util.concurrent.TimeUnit.SECONDS;
import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
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
    ObjectNode body = JSON.createObjectNode();
    ArrayNode inputs = body.putArray("inputs");
    ObjectNode input = inputs.addObject();
    input.put("name", "text");
    input.put("datatype", "BYTES");
    int[] shape = {5};
    input.set("shape", JSON.valueToTree(shape));
    String[] data = {"good morning", "", "two\nlines", "Grüße 😀", "a \"b\"\\c"};
    input.set("data", JSON.valueToTree(data));

    String url = "http://localhost:8000/v2/models/texts/versions/1/infer";
    HttpRequest.Builder request = request(url);
    request.header("Content-Type", "application/json");
    request.POST(BodyPublishers.ofString(JSON.writeValueAsString(body)));
    JsonNode answer = JSON.readTree(send(request));
    print("upper", find(answer, "upper", "BYTES", Main::isText));
    print("length", find(answer, "length", "INT32", JsonNode::isNumber));
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

  private static void print(String name, JsonNode output) {
    JsonNode shape = output.required("shape");
    String sizes = shape.valueStream().map(size -> " " + size).collect(joining());
    System.out.println(name + " shape:" + sizes);
    JsonNode data = output.required("data");
    String first = data.valueStream().limit(8).map(v -> " " + v).collect(joining());
    System.out.println(name + " first:" + first);
  }

  /** Finds an output of the answer. */
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
        return output;
      }
    }
    throw new IOException("the answer has no output " + name);
  }

  /** Tells whether an element is a text; U+FFFD stands in it for bytes that are no UTF-8. */
  private static boolean isText(JsonNode element) {
    return element.isTextual() && element.asText().indexOf('\uFFFD') < 0;
  }
}

// Store a state; only if it is still that, note it and read it, all at once.

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Map.entry;
import static java.util.concurrent.TimeUnit.SECONDS;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.List;
import java.util.Map;

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
    String url = "http://localhost:2378/v3/kv/put";
    Object body = Map.of("key", "state".getBytes(UTF_8), "value", "ready".getBytes(UTF_8));
    JsonNode answer = JSON.readTree(send("POST", url, body));
    check(answer);

    String url2 = "http://localhost:2378/v3/kv/txn";
    Object body2 =
        Map.ofEntries(
            entry(
                "compare",
                List.of(
                    Map.ofEntries(
                        entry("result", "EQUAL"),
                        entry("target", "VALUE"),
                        entry("key", "state".getBytes(UTF_8)),
                        entry("value", "ready".getBytes(UTF_8))))),
            entry(
                "success",
                List.of(
                    Map.of(
                        "request_put",
                        Map.of("key", "seen".getBytes(UTF_8), "value", "yes".getBytes(UTF_8))),
                    Map.of("request_range", Map.of("key", "state".getBytes(UTF_8))))),
            entry(
                "failure",
                List.of(Map.of("request_range", Map.of("key", "state".getBytes(UTF_8))))));
    JsonNode answer2 = JSON.readTree(send("POST", url2, body2));
    System.out.println("succeeded: " + text(answer2, "succeeded"));
    for (JsonNode item : list(answer2, "responses", 1, "response_range", "kvs")) {
      System.out.println(decoded(text(item, "key")) + ": " + decoded(text(item, "value")));
    }
  }

  private static HttpRequest.Builder request(String url) {
    return HttpRequest.newBuilder(URI.create(url));
  }

  /** Returns the body of the answer, which must be a success. */
  private static String send(HttpRequest.Builder request) throws Exception {
    HttpResponse<String> response =
        CLIENT.sendAsync(request.build(), BodyHandlers.ofString()).get(5, SECONDS);
    if (response.statusCode() != 200) {
      throw new IOException("HTTP status " + response.statusCode() + ": " + response.body());
    }
    return response.body();
  }

  /** Returns the answer to a request that has a body. */
  private static String send(String method, String url, Object body) throws Exception {
    HttpRequest.Builder request = request(url);
    request.header("Content-Type", "application/json");
    request.method(method, BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)));
    return send(request);
  }

  /** Returns a value of the answer, which must be there; names and indices lead to it. */
  private static JsonNode field(JsonNode answer, Object... path) {
    JsonNode found = answer;
    for (Object step : path) {
      found = step instanceof Integer ? found.path((Integer) step) : found.path((String) step);
      if (found.isMissingNode() || found.isNull()) {
        throw new IllegalArgumentException("the answer has no " + step);
      }
    }
    return found;
  }

  /** Returns a text, a number or a boolean of the answer, as it is printed. */
  private static String text(JsonNode answer, Object... path) {
    JsonNode found = field(answer, path);
    if (!found.isValueNode()) {
      throw new IllegalArgumentException("the answer has " + found + " in place of a value");
    }
    return found.asText();
  }

  /** Returns a list of the answer. */
  private static JsonNode list(JsonNode answer, Object... path) {
    JsonNode found = field(answer, path);
    if (!found.isArray()) {
      throw new IllegalArgumentException("the answer has " + found + " in place of a list");
    }
    return found;
  }

  /** Returns the text whose bytes stand in Base64. */
  private static String decoded(String base64) throws IOException {
    byte[] bytes = Base64.getDecoder().decode(base64);
    return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  /** Refuses an answer that is an error, although its status is a success. */
  private static void check(JsonNode answer) throws IOException {
    if (answer.isMissingNode() || !answer.path("error").toString().matches("(null|\"\")?")) {
      throw new IOException("the answer is an error: " + answer);
    }
  }
}

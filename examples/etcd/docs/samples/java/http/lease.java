// Have the server make a lease, store a key with it, and end it, which deletes the key.

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
    String url = "http://localhost:2378/v3/lease/grant";
    Object body = Map.of("TTL", "60");
    JsonNode answer = JSON.readTree(send("POST", url, body));
    String lease = text(answer, "ID");
    System.out.println("seconds: " + text(answer, "TTL"));

    String url2 = "http://localhost:2378/v3/kv/put";
    Object body2 =
        Map.ofEntries(
            entry("key", ("heartbeat/" + lease).getBytes(UTF_8)),
            entry("value", "alive".getBytes(UTF_8)),
            entry("lease", lease));
    JsonNode answer2 = JSON.readTree(send("POST", url2, body2));
    check(answer2);

    String url3 = "http://localhost:2378/v3/lease/revoke";
    Object body3 = Map.of("ID", lease);
    JsonNode answer3 = JSON.readTree(send("POST", url3, body3));
    check(answer3);
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

  /** Refuses an answer that is an error, although its status is a success. */
  private static void check(JsonNode answer) throws IOException {
    if (answer.isMissingNode() || !answer.path("error").toString().matches("(null|\"\")?")) {
      throw new IOException("the answer is an error: " + answer);
    }
  }
}

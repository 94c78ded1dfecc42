// Ask with an expression that is cut off, and read what is wrong with it.

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
import java.util.List;

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
    String url = "http://localhost:9090/api/v1/query?query=sum%28";
    JsonNode answer = JSON.readTree(send("GET", url, List.of(400)));
    System.out.println("type: " + text(answer, "errorType"));
    System.out.println("error: " + text(answer, "error"));
  }

  private static HttpRequest.Builder request(String url) {
    return HttpRequest.newBuilder(URI.create(url));
  }

  /** Returns the body of the answer, which must have one of the statuses. */
  private static String send(HttpRequest.Builder request, List<Integer> statuses) throws Exception {
    HttpResponse<String> response =
        CLIENT.sendAsync(request.build(), BodyHandlers.ofString()).get(5, SECONDS);
    if (!statuses.contains(response.statusCode())) {
      throw new IOException("HTTP status " + response.statusCode() + ": " + response.body());
    }
    return response.body();
  }

  /** Returns the answer to a request that has no body. */
  private static String send(String method, String url, List<Integer> statuses) throws Exception {
    return send(request(url).method(method, BodyPublishers.noBody()), statuses);
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
}

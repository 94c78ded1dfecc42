// Ask whether the server is up, whether it has loaded its models, and whether one model
// can answer.

import static java.util.concurrent.TimeUnit.SECONDS;

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
    String live = "http://localhost:8000/v2/health/live";
    check(send(request(live)));
    System.out.println("server live: true");

    String ready = "http://localhost:8000/v2/health/ready";
    check(send(request(ready)));
    System.out.println("server ready: true");

    String modelReady = "http://localhost:8000/v2/models/dummy/versions/1/ready";
    check(send(request(modelReady)));
    System.out.println("model ready: true");
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

  /** Refuses what is no answer of a model server: its answers are empty, or a JSON object. */
  private static void check(String body) throws IOException {
    JsonNode answer = JSON.readTree(body);
    if (!body.isEmpty() && (!answer.isObject() || answer.has("error"))) {
      throw new IOException("the answer is not one of a healthy server: " + body);
    }
  }
}

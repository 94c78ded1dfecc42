import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Calls a server of its own: the classes that this loads are what programs of this client load. */
class Warm {
  public static void main(String[] arguments) throws Exception {
    ObjectMapper json = new ObjectMapper();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] body = exchange.getRequestBody().readAllBytes();
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    try {
      String address = "http://localhost:%d/".formatted(server.getAddress().getPort());
      byte[] sent = json.writeValueAsBytes(json.createObjectNode().put("number", 1.5));
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(address))
              .timeout(Duration.ofSeconds(10))
              .header("Content-Type", "application/json")
              .POST(BodyPublishers.ofByteArray(sent))
              .build();
      byte[] body =
          HttpClient.newHttpClient()
              .sendAsync(request, BodyHandlers.ofByteArray())
              .get(10, TimeUnit.SECONDS)
              .body();
      System.out.println(json.readTree(body).path("number").doubleValue());
    } finally {
      server.stop(0);
    }
  }
}

// Ask whether the server is up, whether it has loaded its models, and whether one model
// can answer.

import static java.util.concurrent.TimeUnit.SECONDS;

import inference.GRPCInferenceServiceGrpc;
import inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import inference.ModelReadyRequest;
import inference.ServerLiveRequest;
import inference.ServerReadyRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.util.logging.LogManager;

class Main {
  public static void main(String[] args) {
    LogManager.getLogManager().reset(); // exceptions tell what is wrong
    String address = "localhost:9000";
    ManagedChannel channel =
        Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
    try {
      call(GRPCInferenceServiceGrpc.newBlockingStub(channel).withDeadlineAfter(10, SECONDS));
    } catch (Exception e) {
      System.err.println(String.join(" ", e.toString().split("\\s+")));
      System.exit(1);
    } finally {
      channel.shutdownNow();
    }
  }

  private static void call(GRPCInferenceServiceBlockingStub stub) {
    boolean live = stub.serverLive(ServerLiveRequest.getDefaultInstance()).getLive();
    System.out.println("server live: " + live);

    boolean ready = stub.serverReady(ServerReadyRequest.getDefaultInstance()).getReady();
    System.out.println("server ready: " + ready);

    ModelReadyRequest.Builder model = ModelReadyRequest.newBuilder();
    model.setName("dummy");
    model.setVersion("1");
    boolean modelReady = stub.modelReady(model.build()).getReady();
    System.out.println("model ready: " + modelReady);

    if (!live || !ready || !modelReady) {
      throw new IllegalStateException("the server or the model is not ready");
    }
  }
}

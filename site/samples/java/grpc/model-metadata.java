// Ask which versions of a model are served, and for the name, datatype and shape of its
// inputs and outputs.

import static java.util.concurrent.TimeUnit.SECONDS;

import inference.GRPCInferenceServiceGrpc;
import inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import inference.ModelMetadataRequest;
import inference.ModelMetadataResponse;
import inference.ModelMetadataResponse.TensorMetadata;
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
    ModelMetadataRequest.Builder request = ModelMetadataRequest.newBuilder();
    request.setName("dummy");
    request.setVersion("1");
    ModelMetadataResponse metadata = stub.modelMetadata(request.build());

    if (metadata.getName().isEmpty()) {
      throw new IllegalStateException("the answer has no name");
    }
    System.out.println("name: " + metadata.getName());
    String versions = String.join(" ", metadata.getVersionsList());
    System.out.println(("versions: " + versions).stripTrailing());
    System.out.println("platform: " + metadata.getPlatform());
    metadata.getInputsList().forEach(tensor -> print("input", tensor));
    metadata.getOutputsList().forEach(tensor -> print("output", tensor));
  }

  private static void print(String kind, TensorMetadata tensor) {
    String type = tensor.getDatatype() + " " + tensor.getShapeList();
    System.out.println(kind + " " + tensor.getName() + ": " + type);
  }
}

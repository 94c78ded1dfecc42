import com.google.protobuf.StringValue;
import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import java.util.concurrent.TimeUnit;

/** Calls a server of its own: the classes that this loads are what programs of this client load. */
class Warm {
  private static final MethodDescriptor<StringValue, StringValue> ECHO =
      MethodDescriptor.newBuilder(
              ProtoUtils.marshaller(StringValue.getDefaultInstance()),
              ProtoUtils.marshaller(StringValue.getDefaultInstance()))
          .setType(MethodType.UNARY)
          .setFullMethodName("Warm/Echo")
          .build();

  public static void main(String[] arguments) throws Exception {
    Server server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(
                ServerServiceDefinition.builder("Warm")
                    .addMethod(
                        ECHO,
                        ServerCalls.asyncUnaryCall(
                            (request, answers) -> {
                              answers.onNext(request);
                              answers.onCompleted();
                            }))
                    .build())
            .build()
            .start();
    ManagedChannel channel =
        Grpc.newChannelBuilder("localhost:" + server.getPort(), InsecureChannelCredentials.create())
            .build();
    try {
      CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS);
      System.out.println(
          ClientCalls.blockingUnaryCall(channel, ECHO, options, StringValue.of("warm")));
    } finally {
      channel.shutdownNow();
      server.shutdownNow();
    }
  }
}

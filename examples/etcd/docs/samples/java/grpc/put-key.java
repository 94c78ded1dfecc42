// Store a value under a key, read it, and print both.

import static java.util.concurrent.TimeUnit.SECONDS;

import com.google.protobuf.ByteString;
import etcdserverpb.Etcd;
import etcdserverpb.KVGrpc;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.util.List;
import java.util.logging.LogManager;

class Main {
  public static void main(String[] args) {
    LogManager.getLogManager().reset(); // exceptions tell what is wrong
    String address = "localhost:2379";
    ManagedChannel channel =
        Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
    try {
      call(channel);
    } catch (Exception e) {
      System.err.println(String.join(" ", e.toString().split("\\s+")));
      System.exit(1);
    } finally {
      channel.shutdownNow();
    }
  }

  private static void call(ManagedChannel channel) {
    Etcd.PutRequest request =
        Etcd.PutRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8("greeting"))
            .setValue(ByteString.copyFromUtf8("Hello, etcd! \"Ö\""))
            .build();
    Etcd.PutResponse answer =
        KVGrpc.newBlockingStub(channel).withDeadlineAfter(5, SECONDS).put(request);
    System.out.println("revision: " + field(answer.getHeader().getRevision(), "header.revision"));

    Etcd.RangeRequest request2 =
        Etcd.RangeRequest.newBuilder().setKey(ByteString.copyFromUtf8("greeting")).build();
    Etcd.RangeResponse answer2 =
        KVGrpc.newBlockingStub(channel).withDeadlineAfter(5, SECONDS).range(request2);
    for (Etcd.KeyValue item : answer2.getKvsList()) {
      System.out.println(
          text(field(item.getKey(), "key")) + ": " + text(field(item.getValue(), "value")));
    }
    System.out.println("count: " + field(answer2.getCount(), "count"));
  }

  /** Returns a value of the answer, which must be set. */
  private static <T> T field(T value, String name) {
    if (List.of("", ByteString.EMPTY, 0, 0L, 0f, 0.0).contains(value)) {
      throw new IllegalStateException("the answer has no " + name);
    }
    return value;
  }

  /** Returns the text that bytes must be. */
  private static String text(ByteString bytes) {
    if (!bytes.isValidUtf8()) {
      throw new IllegalStateException("the answer has bytes that are no text");
    }
    return bytes.toStringUtf8();
  }
}

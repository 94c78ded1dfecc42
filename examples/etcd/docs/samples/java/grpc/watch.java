// Store a value, ask for all changes of its key from that one on, and stop after the
// first.

import static java.util.concurrent.TimeUnit.SECONDS;

import com.google.protobuf.ByteString;
import etcdserverpb.Etcd;
import etcdserverpb.KVGrpc;
import etcdserverpb.LeaseGrpc;
import etcdserverpb.WatchGrpc;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.stub.BlockingClientCall;
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

  private static void call(ManagedChannel channel) throws Exception {
    Etcd.LeaseGrantRequest request = Etcd.LeaseGrantRequest.newBuilder().setTTL(60).build();
    Etcd.LeaseGrantResponse answer =
        LeaseGrpc.newBlockingStub(channel).withDeadlineAfter(5, SECONDS).leaseGrant(request);
    long lease = field(answer.getID(), "ID");

    Etcd.PutRequest request2 =
        Etcd.PutRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8("weather/" + lease))
            .setValue(ByteString.copyFromUtf8("sunny"))
            .setLease(lease)
            .build();
    Etcd.PutResponse answer2 =
        KVGrpc.newBlockingStub(channel).withDeadlineAfter(5, SECONDS).put(request2);
    long revision = field(answer2.getHeader().getRevision(), "header.revision");

    BlockingClientCall<Etcd.WatchRequest, Etcd.WatchResponse> stream3 =
        WatchGrpc.newBlockingV2Stub(channel).withDeadlineAfter(5, SECONDS).watch();
    stream3.write(
        Etcd.WatchRequest.newBuilder()
            .setCreateRequest(
                Etcd.WatchCreateRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8("weather/" + lease))
                    .setStartRevision(revision)
                    .build())
            .build());
    stream3.halfClose();
    while (true) {
      Etcd.WatchResponse answer3 = stream3.read();
      if (answer3 == null) {
        throw new IllegalStateException("the stream ended too early");
      }
      System.out.println("created: " + answer3.getCreated());
      for (Etcd.Event item : answer3.getEventsList()) {
        System.out.println("weather: " + text(field(item.getKv().getValue(), "kv.value")));
      }
      if (answer3.getEventsCount() > 0) {
        break;
      }
    }
    stream3.cancel("all is read", null);

    Etcd.LeaseRevokeRequest request4 = Etcd.LeaseRevokeRequest.newBuilder().setID(lease).build();
    LeaseGrpc.newBlockingStub(channel).withDeadlineAfter(5, SECONDS).leaseRevoke(request4);
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

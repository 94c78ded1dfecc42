// Have the server make a lease, store a key with it, and end it, which deletes the key.

import static java.util.concurrent.TimeUnit.SECONDS;

import com.google.protobuf.ByteString;
import etcdserverpb.Etcd;
import etcdserverpb.KVGrpc;
import etcdserverpb.LeaseGrpc;
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
    Etcd.LeaseGrantRequest request = Etcd.LeaseGrantRequest.newBuilder().setTTL(60).build();
    Etcd.LeaseGrantResponse answer =
        LeaseGrpc.newBlockingStub(channel).withDeadlineAfter(5, SECONDS).leaseGrant(request);
    long lease = field(answer.getID(), "ID");
    System.out.println("seconds: " + field(answer.getTTL(), "TTL"));

    Etcd.PutRequest request2 =
        Etcd.PutRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8("heartbeat/" + lease))
            .setValue(ByteString.copyFromUtf8("alive"))
            .setLease(lease)
            .build();
    KVGrpc.newBlockingStub(channel).withDeadlineAfter(5, SECONDS).put(request2);

    Etcd.LeaseRevokeRequest request3 = Etcd.LeaseRevokeRequest.newBuilder().setID(lease).build();
    LeaseGrpc.newBlockingStub(channel).withDeadlineAfter(5, SECONDS).leaseRevoke(request3);
  }

  /** Returns a value of the answer, which must be set. */
  private static <T> T field(T value, String name) {
    if (List.of("", ByteString.EMPTY, 0, 0L, 0f, 0.0).contains(value)) {
      throw new IllegalStateException("the answer has no " + name);
    }
    return value;
  }
}

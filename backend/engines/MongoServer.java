import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.List;
import java.util.Set;

/** mongo-java-server on an H2 file: java -cp 'jars/*' MongoServer.java PORT FILE. Started by mongo.ts. */
public class MongoServer {
  /** Its own newest version says wire version 8, which the driver refuses; it does what the shop needs of 13. */
  static class Version implements MongoVersion {
    public List<Integer> getVersionArray() {
      return List.of(5, 0, 0);
    }

    public int getWireVersion() {
      return 13;
    }
  }

  /** H2 writes once a second by itself; what was acknowledged must survive a kill -9. */
  static class CommittingBackend extends H2Backend {
    static final Set<String> READS =
        Set.of("find", "getMore", "hello", "isMaster", "ismaster", "ping", "buildInfo", "buildinfo", "aggregate", "count", "killCursors", "endSessions");

    CommittingBackend(String file) {
      super(file);
    }

    @Override
    public Document handleMessage(MongoMessage message) {
      Document answer = super.handleMessage(message);
      if (!READS.contains(message.getDocument().keySet().iterator().next())) commit();
      return answer;
    }
  }

  public static void main(String[] arguments) {
    CommittingBackend backend = new CommittingBackend(arguments[1]);
    backend.version(new Version());
    de.bwaldvogel.mongo.MongoServer server = new de.bwaldvogel.mongo.MongoServer(backend);
    server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
  }
}

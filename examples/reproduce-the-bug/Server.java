// Sends lines back over TLS 1.2, on a free port of 127.0.0.1:
// java -Dcom.sun.net.ssl.requireCloseNotify=true -Djdk.tls.server.enableSessionTicketExtension=false Server.java KEYSTORE PASSWORD
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

class Server {
  public static void main(String[] args) throws Exception {
    char[] password = args[1].toCharArray();
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream file = new FileInputStream(args[0])) {
      store.load(file, password);
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, password);
    SSLContext context = SSLContext.getInstance("TLSv1.2");
    context.init(keys.getKeyManagers(), null, null);
    try (var server = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
      server.setEnabledProtocols(new String[] {"TLSv1.2"});
      System.out.println("listening on 127.0.0.1:" + server.getLocalPort());
      while (true) serve((SSLSocket) server.accept());
    }
  }

  private static void serve(SSLSocket accepted) {
    try (SSLSocket socket = accepted) {
      var lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
      }
    } catch (IOException error) {
      System.out.println(error.getMessage());
    }
  }
}

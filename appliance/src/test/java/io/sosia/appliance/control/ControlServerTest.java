package io.sosia.appliance.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.node.Node;
import io.sosia.appliance.node.PairFiles;
import io.sosia.appliance.node.WitnessOfTests;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a client of the control API may and may not do, asked of a node that waits for its partner.
@Timeout(300)
class ControlServerTest {

    @RegisterExtension
    static final WitnessOfTests WITNESS = new WitnessOfTests();

    @TempDir
    private static Path folder;
    private static Node node;
    private static ControlServer control;
    private static HttpClient http;

    @BeforeAll
    static void start() throws Exception {
        node = Node.open(new PairFiles(folder, WITNESS.port(), "failure: {partnerGraceSeconds: 3600}").config("a"));
        control = new ControlServer(new InetSocketAddress("127.0.0.1", 0), () -> node);
        node.begin();
        http = HttpClient.newHttpClient();
    }

    @AfterAll
    static void stop() throws Exception {
        http.close();
        control.close();
        node.close();
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + control.address().getPort() + path))
                .timeout(Duration.ofSeconds(60));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return http.send(request.build(), BodyHandlers.ofString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            GET    | /status                    | -                        | 0    | 200 | "node":"a"
            GET    | /console                   | -                        | 0    | 200 |
            GET    | /console?from=0&wait=1     | -                        | 0    | 200 |
            GET    | /console?from=-1           | -                        | 0    | 400 | expected ?from=OFFSET
            GET    | /console?from=1&wait=1e9   | -                        | 0    | 400 | expected ?from=OFFSET
            GET    | /                          | -                        | 0    | 404 | there are /status, /console and /switchover
            GET    | /status/x                  | -                        | 0    | 404 | there are /status, /console and /switchover
            POST   | /disk/export               | text/plain               | 3    | 415 | application/json
            POST   | /disk/export               | application/json         | 3    | 400 | expected {"bind"
            GET    | /disk/export               | -                        | 0    | 405 | /disk/export takes POST
            PUT    | /disk/export/x             | -                        | 0    | 404 | no such export
            DELETE | /disk/export/x             | -                        | 0    | 404 | no such export
            GET    | /disk                      | -                        | 0    | 200 | "verify":{"number":0
            GET    | /disk/history              | -                        | 0    | 200 | "text":
            POST   | /disk/verify               | -                        | 0    | 409 | this node is
            POST   | /disk/verify?extent=-1     | -                        | 0    | 400 | expected repair=no, extent=NUMBER or bytesPerSecond=NUMBER
            DELETE | /disk/verify               | -                        | 0    | 409 | nothing is being compared
            PUT    | /disk/verify               | -                        | 0    | 405 | POST and DELETE /disk/verify
            DELETE | /status                    | -                        | 0    | 405 | /status takes GET
            PUT    | /console                   | -                        | 3    | 405 | /console takes GET, POST
            POST   | /console                   | text/plain               | 3    | 415 | application/octet-stream
            POST   | /console                   | application/octet-stream | 4097 | 413 | nothing was taken
            """)
    void answersWithAStatusAndOneLine(String method, String path, String type, int bytes, int status, String text)
            throws Exception {
        HttpRequest.Builder request = request(path)
                .method(method, bytes == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(new byte[bytes]));
        if (type != null) {
            request.header("Content-Type", type);
        }
        HttpResponse<String> response = send(request);
        assertThat(response.statusCode()).as("%s", response.body()).isEqualTo(status);
        assertThat(response.body()).contains(text == null ? "" : text);
    }

    @Test
    void tooManyRequestsAtOnceAreTurnedAwayAndLaterOnesAreServed() throws Exception {
        List<CompletableFuture<HttpResponse<String>>> waiting = new ArrayList<>();
        for (int i = 0; i < 2 * ControlServer.REQUESTS_MAX; i++) {
            // A node without a partner has no console yet: these wait.
            waiting.add(http.sendAsync(request("/console?from=0&wait=6000").build(), BodyHandlers.ofString()));
        }
        List<Integer> statuses = waiting.stream().map(CompletableFuture::join).map(HttpResponse::statusCode).toList();
        assertThat(statuses).containsOnly(200, 503);
        assertThat(send(request("/status")).statusCode()).isEqualTo(200);
    }
}

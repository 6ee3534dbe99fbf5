import Foundation

/// A webhook receiver in Python, in a process of its own: another implementation of HTTP, TLS and HMAC than ours.
final class Receiver {
    struct Failure: Error { var reason: String }

    let port: Int
    let directory: URL
    private let process = Process()

    var url: String { "http://127.0.0.1:\(port)" }

    /// With `certificate` (base name of NAME.pem and NAME.key in `directory`) it speaks TLS.
    init(certificate: String? = nil, in directory: URL? = nil) throws {
        self.directory = try directory ?? makeTemporaryDirectory()
        let script = self.directory.appendingPathComponent("receiver.py")
        try Data(Receiver.script.utf8).write(to: script)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script.path] + (certificate.map { [$0] } ?? [])
        process.currentDirectoryURL = self.directory
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // The script prints its port once it listens; at its death the pipe ends.
        var line = Data()
        while !line.contains(0x0A) {
            let piece = output.fileHandleForReading.availableData
            if piece.isEmpty { throw Failure(reason: "the receiver did not start") }
            line += piece
        }
        guard let port = Int(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw Failure(reason: "no port")
        }
        self.port = port
    }

    func stop() {
        // SIGTERM would not do: the child inherits the signal mask of the dispatch thread that started it, which blocks it.
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: directory)
    }

    private static let script = #"""
        import base64, hashlib, hmac, json, ssl, sys, time
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        from email.utils import formatdate

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body=b"", headers=()):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path = self.path.split("/")[1:]
                if path[0] == "status":
                    self.answer(int(path[1]), b"status " + path[1].encode())
                elif path[0] == "retry-seconds":
                    self.answer(429, b"", [("Retry-After", path[1])])
                elif path[0] == "retry-date":
                    self.answer(503, b"", [("Retry-After", formatdate(time.time() + int(path[1]), usegmt=True))])
                elif path[0] == "redirect":
                    self.answer(302, b"", [("Location", "/status/200")])
                elif path[0] == "slow":
                    time.sleep(60)
                elif path[0] == "drop":
                    self.close_connection = True
                elif path[0] == "chunked":
                    self.send_response(200)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for piece in (b"one,", b"two,", b"three"):
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                        self.wfile.flush()
                    self.wfile.write(b"0\r\n\r\n")
                elif path[0] == "huge":
                    self.close_connection = True
                    self.send_response(200)
                    self.end_headers()
                    while True:
                        self.wfile.write(b"x" * 10000)
                elif path[0] == "headers":
                    self.close_connection = True
                    self.send_response(200)
                    while True:
                        self.send_header("X-A", "a" * 1000)
                        self.flush_headers()
                elif path[0] == "short":
                    self.close_connection = True
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                elif path[0] == "verify":
                    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
                    content = (self.headers["webhook-id"] + "." + self.headers["webhook-timestamp"] + ".").encode() + body
                    expected = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
                    genuine = any(hmac.compare_digest(expected, s) for s in self.headers["webhook-signature"].split(" "))
                    self.answer(204 if genuine else 401)
                else:
                    seen = {"method": self.command, "path": self.path, "peer": self.client_address[1], "bytes": len(body),
                            "sha256": hashlib.sha256(body).hexdigest(), "headers": {k.lower(): v for k, v in self.headers.items()}}
                    self.answer(200, json.dumps(seen).encode())

            do_GET = do_POST = do_PUT = serve

            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        if len(sys.argv) > 1:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1] + ".pem", sys.argv[1] + ".key")
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """#
}

func makeTemporaryDirectory() throws -> URL {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("steward-outbound-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    return directory
}

/// Makes NAME.pem and NAME.key, self-signed for the given names (`DNS:localhost,IP:127.0.0.1`).
func makeCertificate(_ name: String, names: String, in directory: URL) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.currentDirectoryURL = directory
    process.arguments = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(name).key", "-out",
        "\(name).pem", "-days", "2", "-subj", "/CN=steward-test", "-addext", "subjectAltName=\(names)",
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw Receiver.Failure(reason: "openssl req failed") }
}

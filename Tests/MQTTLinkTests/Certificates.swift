import Foundation

/// A certificate authority, a server certificate for 127.0.0.1, a client certificate, and an authority that signed neither.
struct Certificates {
    let directory: URL

    init() throws {
        directory = try Broker.temporaryDirectory()
        try authority("ca")
        try authority("other")
        try certificate("server", extensions: "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth")
        try certificate("client", extensions: "extendedKeyUsage=clientAuth")
        try certificate("elsewhere", extensions: "subjectAltName=DNS:elsewhere.example\nextendedKeyUsage=serverAuth")
    }

    func remove() { try? FileManager.default.removeItem(at: directory) }

    func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    /// Lines of mosquitto.conf.
    func brokerLines(server: String = "server", mutual: Bool = false) -> [String] {
        [
            "allow_anonymous true", "cafile \(path("ca.pem"))", "certfile \(path("\(server).pem"))", "keyfile \(path("\(server).key"))",
            "require_certificate \(mutual)",
        ]
    }

    private func authority(_ name: String) throws {
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=\(name) -keyout \(name).key -out \(name).pem"
        )
    }

    private func certificate(_ name: String, extensions: String) throws {
        try extensions.write(toFile: path("\(name).ext"), atomically: true, encoding: .utf8)
        try openssl("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=\(name) -keyout \(name).key -out \(name).csr")
        try openssl("x509 -req -days 2 -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile \(name).ext -out \(name).pem")
    }

    private func openssl(_ arguments: String) throws {
        let status = try Broker.run("/usr/bin/openssl", arguments.split(separator: " ").map(String.init), in: directory)
        guard status == 0 else { throw TestFailure("openssl \(arguments) failed") }
    }
}

import Testing

@testable import MQTTLink

@Suite struct TLSTests {
    private func configuration(
        _ broker: Broker, _ certificates: Certificates, authority: String = "ca.pem", client: Bool = false
    ) -> MQTTConfiguration {
        var configuration = MQTTConfiguration.local(broker)
        configuration.tls = .init(
            authorityFile: certificates.path(authority), certificateFile: client ? certificates.path("client.pem") : nil,
            keyFile: client ? certificates.path("client.key") : nil)
        return configuration
    }

    /// The drain trap: libssl holds whole messages while the socket is empty.
    @Test(arguments: [MQTTConfiguration.Version.v311, .v5])
    func aBurstIsDeliveredWhole(version: MQTTConfiguration.Version) throws {
        let certificates = try Certificates()
        defer { certificates.remove() }
        let broker = try Broker(lines: certificates.brokerLines())
        var configuration = configuration(broker, certificates)
        configuration.version = version
        let reader = try Reader(configuration)
        try reader.subscribe()
        let sent = (0..<20_000).map { "burst \($0)" }
        try broker.publish("t/a", lines: sent, arguments: ["--cafile", certificates.path("ca.pem")])
        #expect(try reader.run { reader.payloads.count >= 20_000 })
        #expect(reader.payloads == sent)
    }

    /// mosquitto sends a TLS record for each packet, so this does not show what a broker that joins packets in one record does.
    @Test func aBatchIsBoundedExactly() throws {
        let certificates = try Certificates()
        defer { certificates.remove() }
        let broker = try Broker(lines: certificates.brokerLines())
        let reader = try Reader(configuration(broker, certificates))
        try reader.subscribe()
        try broker.publish("t/a", lines: (0..<2000).map { "\($0)" }, arguments: ["--cafile", certificates.path("ca.pem")])
        var sizes: Set<Int> = []
        try reader.run {
            if let result = try? reader.client.receive(timeoutMilliseconds: 20, maximumMessages: 3, maximumBytes: 1 << 20) {
                sizes.insert(result.messages)
            }
            return reader.payloads.count >= 2000
        }
        #expect(sizes.contains(3))
        #expect(sizes.max() == 3)
    }

    @Test func mutualTLSWithTheCertificate() throws {
        let certificates = try Certificates()
        defer { certificates.remove() }
        let broker = try Broker(lines: certificates.brokerLines(mutual: true))
        let reader = try Reader(configuration(broker, certificates, client: true))
        try reader.subscribe()
        #expect(reader.configurationErrors().isEmpty)
    }

    @Test func mutualTLSWithoutTheCertificateIsRefusedClearly() throws {
        let certificates = try Certificates()
        defer { certificates.remove() }
        let broker = try Broker(lines: certificates.brokerLines(mutual: true))
        let reader = try Reader(configuration(broker, certificates))
        try reader.run { !reader.configurationErrors().isEmpty }
        #expect(!reader.client.isConnected)
        #expect(try #require(reader.configurationErrors().first).message.contains("certificateFile"))
    }

    @Test func aWrongAuthorityIsRefusedClearly() throws {
        let certificates = try Certificates()
        defer { certificates.remove() }
        let broker = try Broker(lines: certificates.brokerLines())
        let reader = try Reader(configuration(broker, certificates, authority: "other.pem"))
        try reader.run { !reader.configurationErrors().isEmpty }
        #expect(!reader.client.isConnected)
        #expect(try #require(reader.configurationErrors().first).message.contains("mqtt.tls.caFile"))
    }

    @Test func aCertificateForAnotherNameIsRefused() throws {
        let certificates = try Certificates()
        defer { certificates.remove() }
        let broker = try Broker(lines: certificates.brokerLines(server: "elsewhere"))
        let refused = try Reader(configuration(broker, certificates))
        try refused.run { !refused.configurationErrors().isEmpty }
        #expect(try #require(refused.configurationErrors().first).message.contains("mqtt.host"))
    }
}

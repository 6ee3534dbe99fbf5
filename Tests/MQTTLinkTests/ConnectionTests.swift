import Foundation
import Testing

@testable import MQTTLink

@Suite struct ConnectionTests {
    @Test(arguments: [MQTTConfiguration.Version.v311, .v5])
    func aWrongPasswordIsRefusedClearly(version: MQTTConfiguration.Version) throws {
        let directory = try Broker.temporaryDirectory()
        try Broker.run("/usr/bin/mosquitto_passwd", ["-b", "-c", "passwords", "steward", "right"], in: directory)
        let broker = try Broker(lines: ["allow_anonymous false", "password_file DIR/passwords"], directory: directory)
        var configuration = MQTTConfiguration.local(broker, version: version)
        configuration.username = "steward"
        configuration.password = Array("wrong".utf8)
        let refused = try Reader(configuration)
        try refused.run { !refused.record.events.isEmpty }
        guard case .refused(let error) = try #require(refused.record.events.first) else {
            Issue.record("not refused: \(refused.record.events)")
            return
        }
        #expect(error.message == "the broker refused the user name or password: check mqtt.username and mqtt.passwordFile")
        configuration.password = Array("right".utf8)
        try Reader(configuration).subscribe()
    }

    @Test(arguments: [MQTTConfiguration.Version.v311, .v5])
    func aRestartedBrokerIsFoundAgain(version: MQTTConfiguration.Version) throws {
        let broker = try Broker()
        let reader = try Reader(.local(broker, version: version))
        try reader.subscribe()
        broker.stop()
        // Several failures in a row, each with an event that says what to look at.
        try reader.run { reader.configurationErrors().count >= 4 }
        #expect(try #require(reader.configurationErrors().last).message.contains("nothing listens there"))
        try broker.start()
        #expect(try reader.run { reader.client.isConnected })
        try broker.publish("t/a", lines: ["after"])
        #expect(try reader.run { reader.payloads == ["after"] })
    }

    @Test func aRefusedSubscriptionIsReported() throws {
        let directory = try Broker.temporaryDirectory()
        let broker = try Broker(lines: ["allow_anonymous true", "max_qos 0"], directory: directory)
        let reader = try Reader(.local(broker))
        try reader.run { !reader.configurationErrors().isEmpty }
        #expect(reader.record.events.contains { if case .subscriptionRefused("t/#", _) = $0 { true } else { false } })
    }

    @Test func aSilentBrokerIsGivenUp() throws {
        let listener = try SilentListener()
        var configuration = MQTTConfiguration(host: "127.0.0.1", port: listener.port, clientID: "reader")
        configuration.connectTimeoutSeconds = 5
        let reader = try Reader(configuration)
        reader.maintain()
        try reader.run { listener.hasConnection }
        reader.clockOffsetMilliseconds = 6000
        try reader.run { !reader.configurationErrors().isEmpty }
        #expect(try #require(reader.configurationErrors().first).message.contains("did not answer within 5 s"))
    }

    @Test func wrongConfigurationIsNamed() throws {
        func message(_ change: (inout MQTTConfiguration) -> Void) -> String {
            var configuration = MQTTConfiguration(host: "127.0.0.1", clientID: "reader")
            change(&configuration)
            do {
                _ = try Reader(configuration)
                return "accepted"
            } catch { return "\(error)" }
        }
        #expect(message { _ in } == "accepted")
        #expect(message { $0.port = 0 }.contains("mqtt.port"))
        #expect(message { $0.clientID = "" }.contains("mqtt.clientId"))
        #expect(message { $0.subscriptions = ["a/#/b"] }.contains("mqtt.subscriptions"))
        #expect(message { $0.keepAliveSeconds = 3 }.contains("mqtt.keepAliveSeconds"))
        #expect(message { $0.password = [1] }.contains("mqtt.username"))
        #expect(message { $0.tls = .init(authorityFile: "/does/not/exist") }.contains("/does/not/exist"))
        #expect(message { $0.tls = .init(certificateFile: "/etc/hostname") }.contains("keyFile"))
    }

    @Test func backoffDoublesToItsMaximumAndIsSpread() {
        var backoff = Backoff(minimumMilliseconds: 100, maximumMilliseconds: 1000)
        for ceiling: Int64 in [100, 200, 400, 800, 1000, 1000] {
            #expect(backoff.ceilingMilliseconds == ceiling)
            #expect((ceiling / 2...ceiling).contains(backoff.next()))
        }
        for _ in 0..<1000 { _ = backoff.next() }
        #expect(backoff.ceilingMilliseconds == 1000)
        backoff.reset()
        #expect(backoff.ceilingMilliseconds == 100)
    }
}

/// Accepts TCP, and never says a word.
final class SilentListener {
    let port: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        port = Broker.freePort()
        guard Broker.bindAndListen(descriptor, port: port) else { throw TestFailure("cannot listen") }
    }

    deinit { close(descriptor) }

    var hasConnection: Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) > 0
    }
}

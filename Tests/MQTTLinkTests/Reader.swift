import Glibc
import Threading

@testable import MQTTLink

/// An `IngestClient` with what it delivered, and the owner's loop.
final class Reader {
    final class Record {
        var messages: [(topic: String, payload: String)] = []
        var packets: [IngestClient.Packet] = []
        var events: [ConnectionEvent] = []
    }

    let record = Record()
    let client: IngestClient
    /// Stands for CLOCK_MONOTONIC; a test may push it ahead.
    var clockOffsetMilliseconds: Int64 = 0

    init(_ configuration: MQTTConfiguration, wakeDescriptor: Int32 = -1, sessionFilters: [String] = []) throws {
        let record = record
        client = try IngestClient(
            configuration: configuration, wakeDescriptor: wakeDescriptor, sessionFilters: sessionFilters,
            onMessage: { topic, payload, packet in
                record.messages.append((String(cString: topic), String(decoding: payload, as: UTF8.self)))
                record.packets.append(packet)
            },
            onConnectionChange: { record.events.append($0) })
    }

    var payloads: [String] { record.messages.map(\.payload) }
    var isSubscribed: Bool { record.events.contains(.subscribed) }

    func maintain() { client.maintain(nowMilliseconds: Clock.monotonicMilliseconds() + clockOffsetMilliseconds) }

    /// The owner's loop, until the condition holds. False when it did not within the limit.
    @discardableResult
    func run(
        acknowledging: Bool = true, seconds: Double = 20, maximumMessages: Int = 1000, maximumBytes: Int = 1 << 20,
        until condition: () -> Bool
    ) throws -> Bool {
        let deadline = Clock.monotonicMilliseconds() + Int64(seconds * 1000)
        while !condition() {
            guard Clock.monotonicMilliseconds() < deadline else { return false }
            maintain()
            _ = try client.receive(timeoutMilliseconds: 20, maximumMessages: maximumMessages, maximumBytes: maximumBytes)
            if acknowledging { client.acknowledge() }
        }
        return true
    }

    /// Connects and subscribes, so that what is published from now on arrives.
    func subscribe() throws {
        guard try run(until: { isSubscribed }) else { throw TestFailure("not subscribed: \(record.events)") }
    }

    /// The loop for a while in which nothing should come: until the broker has answered a round trip of ours.
    func settle() throws {
        let deadline = Clock.monotonicMilliseconds() + 400
        try run { Clock.monotonicMilliseconds() > deadline }
    }

    func configurationErrors() -> [MQTTError] {
        record.events.compactMap { event in
            switch event {
            case .disconnected(let error), .refused(let error), .subscriptionRefused(_, let error): error
            default: nil
            }
        }
    }
}

extension MQTTConfiguration {
    static func local(_ broker: Broker, version: Version = .v311, id: String = "reader") -> MQTTConfiguration {
        var configuration = MQTTConfiguration(host: "127.0.0.1", port: broker.port, clientID: id)
        configuration.version = version
        configuration.subscriptions = ["t/#"]
        configuration.minimumRetryMilliseconds = 50
        configuration.maximumRetryMilliseconds = 400
        return configuration
    }
}

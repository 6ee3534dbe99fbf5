import Testing

@testable import MQTTLink

/// What the owner is told, and when.
@Suite struct IngestClientEventTests {
    /// The owner seals its batch before it acknowledges, and an event within `acknowledge` would be written into what is committed.
    @Test(arguments: [MQTTConfiguration.Version.v311, .v5])
    func aConnectionThatEndsWhileAcknowledgingIsToldLater(version: MQTTConfiguration.Version) throws {
        let broker = try Broker()
        var ended = 0
        for _ in 0..<5 {
            let reader = try Reader(.local(broker, version: version))
            try reader.subscribe()
            try broker.publish("t/a", lines: (0..<200).map { "\($0)" })
            try reader.run(acknowledging: false) { reader.payloads.count >= 200 }
            broker.stop()
            let before = reader.record.events
            // The broker is gone, so the first of these writes is answered by a reset, and the next mostly fails.
            reader.client.acknowledge()
            if !reader.client.isConnected { ended += 1 }
            #expect(reader.record.events == before)
            try reader.run { reader.record.events.count > before.count }
            if case .disconnected = reader.record.events[before.count] {} else { Issue.record("\(reader.record.events)") }
            reader.client.close()
            try broker.start()
        }
        #expect(ended > 0, "no connection ended within acknowledge")
    }

    @Test func closingTellsNothing() throws {
        let broker = try Broker()
        let reader = try Reader(.local(broker))
        try reader.subscribe()
        let before = reader.record.events
        broker.stop()
        reader.client.close()
        #expect(reader.record.events == before)
    }

    @Test(arguments: [MQTTConfiguration.Version.v311, .v5])
    func packetIDsAndTheMarkOfARepeatComeThrough(version: MQTTConfiguration.Version) throws {
        let broker = try Broker()
        var first: Reader? = try Reader(.local(broker, version: version))
        try first?.subscribe()
        try broker.publish("t/a", lines: (0..<20).map { "held \($0)" })
        try first?.run(acknowledging: false) { first?.payloads.count == 20 }
        let packets = try #require(first?.record.packets)
        #expect(packets.allSatisfy { !$0.isDuplicate && $0.id != 0 } && Set(packets.map(\.id)).count == 20)
        first = nil
        let second = try Reader(.local(broker, version: version))
        try second.run { second.payloads.count >= 20 }
        #expect(second.record.packets.map(\.id) == packets.map(\.id))
        #expect(second.record.packets.allSatisfy { $0.isDuplicate })
        try broker.publish("t/a", lines: ["new"])
        try second.run { second.payloads.last == "new" }
        #expect(second.record.packets.last?.isDuplicate == false)
    }

    @Test(arguments: [MQTTConfiguration.Version.v311, .v5])
    func whatAnEarlierProcessLeftInTheSessionIsUnsubscribed(version: MQTTConfiguration.Version) throws {
        let broker = try Broker()
        var configuration = MQTTConfiguration.local(broker, version: version)
        configuration.subscriptions = ["t/#", "old/#"]
        var first: Reader? = try Reader(configuration)
        try first?.subscribe()
        #expect(first?.client.sessionFilters == ["old/#", "t/#"])
        first?.client.close()
        first = nil
        let second = try Reader(.local(broker, version: version), sessionFilters: ["old/#", "t/#"])
        try second.run { second.record.events.contains(.unsubscribed(filters: ["old/#"])) }
        #expect(second.client.sessionFilters == ["t/#"])
        try broker.publish("old/a", lines: ["unwanted"])
        try broker.publish("t/a", lines: ["wanted"])
        try second.run { second.payloads.contains("wanted") }
        #expect(second.payloads == ["wanted"])
    }

    @Test func otherFiltersAreTakenOnTheSameConnection() throws {
        let broker = try Broker()
        let reader = try Reader(.local(broker))
        try reader.subscribe()
        try reader.client.want(["u/#"])
        try reader.run { reader.client.sessionFilters == ["u/#"] }
        #expect(reader.client.grantedFilters == ["u/#"])
        try broker.publish("t/a", lines: ["no"])
        try broker.publish("u/a", lines: ["yes"])
        try reader.run { reader.payloads.contains("yes") }
        #expect(reader.payloads == ["yes"])
        #expect(reader.record.events.filter { if case .connected = $0 { true } else { false } }.count == 1)
        #expect(throws: MQTTError.self) { () throws in try reader.client.want(["a/#/b"]) }
    }
}

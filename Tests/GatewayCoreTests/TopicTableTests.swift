import Hashing
import TestSupport
import Testing

@testable import GatewayCore

/// The memory of topics: it never refuses one, and what one device uses up costs the others nothing.
@Suite struct TopicTableTests {
    private func hash(_ topic: String) -> UInt64 {
        var topic = topic
        return topic.withUTF8 { ContentHash.combine(ContentHash.seed, UnsafeRawBufferPointer($0)) }
    }

    private func insert(_ topic: String, _ table: inout TopicTable, owner: Int32, hash: UInt64? = nil) {
        var name = topic
        let route = TopicTable.Route(device: DeviceIndex(place: owner), profile: 0, root: 0, message: 0, reply: -1)
        name.withUTF8 { table.insert(UnsafeRawBufferPointer($0), hash: hash ?? self.hash(topic), route, owner: owner) }
    }

    private func find(_ topic: String, _ table: TopicTable, hash: UInt64? = nil) -> Int32? {
        var name = topic
        return name.withUTF8 { table.find(UnsafeRawBufferPointer($0), hash: hash ?? self.hash(topic))?.device.place }
    }

    @Test func aFullTableForgetsTheOldestTopicOfWhoeverHasMost() {
        var table = TopicTable(maximumTopics: 300)
        for number in 0..<100 { insert("quiet/\(number)", &table, owner: 1 + Int32(number)) }
        for number in 0..<5000 { insert("greedy/\(number)", &table, owner: 0) }
        #expect(table.count == 300)
        #expect(table.forgotten == 4800)
        for number in 0..<100 { #expect(find("quiet/\(number)", table) == 1 + Int32(number)) }
        for number in 0..<4800 { #expect(find("greedy/\(number)", table) == nil) }
        for number in 4800..<5000 { #expect(find("greedy/\(number)", table) == 0) }
    }

    @Test func whatOneOwnerHadIsForgottenAtOnceAndTheRoomIsUsedAgain() {
        var table = TopicTable(maximumTopics: 10_000)
        for round in 0..<50 {
            for number in 0..<400 { insert("a/\(round)/\(number)", &table, owner: 3) }
            insert("b/\(round)", &table, owner: 4)
            table.forget(owner: 3)
            #expect(table.count == round + 1)
            #expect(find("a/\(round)/7", table) == nil)
        }
        for round in 0..<50 { #expect(find("b/\(round)", table) == 4) }
        #expect(table.forgotten == 0)
    }

    @Test func topicsThatCollidePushOneAnotherOutAndNobodyElse() {
        var table = TopicTable(maximumTopics: 10_000)
        for number in 0..<200 { insert("quiet/\(number)", &table, owner: 1) }
        for number in 0..<5000 { insert("same/\(number)", &table, owner: 2, hash: 77) }
        // A search for one more of them looks at a few places, not at thousands.
        #expect(table.count < 300)
        #expect((0..<200).filter { find("quiet/\($0)", table) == 1 }.count > 160)
        #expect(find("same/4999", table, hash: 77) == 2)
    }

    @Test func againstADictionary() {
        var generator = SeededGenerator(seed: 11)
        var table = TopicTable(maximumTopics: 2000)
        var known: [String: Int32] = [:]
        for step in 0..<20_000 {
            let owner = Int32.random(in: 0..<40, using: &generator)
            if Int.random(in: 0..<200, using: &generator) == 0 {
                table.forget(owner: owner)
                known = known.filter { $0.value != owner }
            } else if known.count < 1900 {
                let topic = "t/\(owner)/\(step)"
                insert(topic, &table, owner: owner)
                known[topic] = owner
            }
        }
        #expect(table.count == known.count)
        #expect(known.allSatisfy { find($0.key, table) == $0.value })
    }

    // MARK: In the core

    private static let profile = """
        {
          profile: "many", messages: [{ topic: "m/{device}/data" }],
          replies: [{ topic: "m/{device}/{x}/replies", requestId: "/id", outcome: "/outcome" }],
          metrics: { temp: { pointer: "/temp" }, "{name}": { pointer: "/{name}" } },
        }
        """

    @Test func aDeviceWithSixtyThousandTopicsLocksNobodyOut() throws {
        var configuration = CoreConfiguration()
        configuration.maximumDevices = 100
        var driver = try Driver([Self.profile], configuration: configuration)
        driver.send("m/known/data", "{\"temp\":1}", at: 1)
        for number in 0..<2000 { driver.send("m/greedy/\(number)/replies", "{}", at: 2) }
        #expect(driver.core.fleet.topics.count <= 300)
        #expect(driver.effects.deadLetters.isEmpty)
        driver.send("m/new/data", "{\"temp\":2}", at: 3)
        driver.send("m/known/x/replies", "{\"id\":\"c-1\",\"outcome\":\"ok\"}", at: 3)
        driver.send("m/known/data", "{\"temp\":3}", at: 4)
        #expect(driver.effects.deadLetters.isEmpty)
        #expect(driver.core.fleet.device(named: "new") != nil)
        #expect(driver.core.counters.readings == 3)
    }
}

import Replenishment
import ServiceValue
import TestSupport
import Testing

@testable import GatewayCore

@Suite struct SegmentTests {
    private func contents(_ segment: borrowing Segment) -> [String] {
        var found: [String] = []
        // swift-format-ignore: ReplaceForEachWithForLoop
        segment.forEach { kind, topic, payload in
            found.append(
                "\(kind.map { "\($0)" } ?? "?") \(String(decoding: topic, as: UTF8.self)) \(String(decoding: payload, as: UTF8.self))")
        }
        return found
    }

    @Test func framesComeBack() {
        var segment = Segment(capacityBytes: 1)
        var isEmpty = segment.isEmpty
        #expect(isEmpty)
        for index in 0..<200 {
            segment.append(topic: "t/\(index)", payload: Array(repeating: UInt8(ascii: "x"), count: index), isRetained: index % 2 == 0)
        }
        segment.append(topic: "", payload: [])
        segment.append(.tick)
        let copy = Segment(copying: segment.bytes, firstEvent: 7, arrivalMilliseconds: 9)
        let header = [Int64(copy.count), copy.firstEvent, copy.arrivalMilliseconds]
        #expect(header == [202, 7, 9])
        let frames = contents(copy)
        let original = contents(segment)
        #expect(frames == original)
        let isRetained = copy.frame(at: 0)?.isRetained
        #expect(isRetained == true)
        #expect(frames[200] == "message  ")
        #expect(frames[201].hasPrefix("control  {\"tick\""))
        segment.reset()
        isEmpty = segment.isEmpty && segment.byteCount == 0
        #expect(isEmpty)
    }

    @Test func packetIDsComeBack() {
        var segment = Segment(capacityBytes: 1)
        segment.append(topic: "none", payload: [1])
        segment.append(topic: "id", payload: [2], isRetained: true, packetID: 0xABCD)
        segment.append(topic: "again", payload: [], packetID: 1, isDuplicate: true)
        let copy = Segment(copying: segment.bytes, firstEvent: 1, arrivalMilliseconds: 1)
        var found: [String] = []
        var offset = 0
        while let frame = copy.frame(at: offset) {
            let topic = String(decoding: frame.topic, as: UTF8.self)
            found.append("\(topic) \(frame.packetID) \(frame.isDuplicate) \(frame.isRetained) \(frame.payload.count)")
            offset = frame.end
        }
        #expect(found == ["none 0 false false 1", "id 43981 false true 1", "again 1 true false 0"])
    }

    /// As an older program wrote them: flags 1 and 2, and no packet id.
    @Test func framesOfAnOlderStoreAreRead() {
        let bytes: [UInt8] = [1, 3, 1, 0, 2, 0, 0, 0, 0x74, 0x7B, 0x7D, 1, 0, 1, 0, 0, 0, 0, 0, 0x75]
        bytes.withUnsafeBytes { bytes in
            let segment = Segment(copying: bytes, firstEvent: 1, arrivalMilliseconds: 1)
            let found = contents(segment)
            #expect(found == ["message t {}", "message u "])
            let first = segment.frame(at: 0)
            #expect(first?.isRetained == true && first?.packetID == 0 && first?.isDuplicate == false)
        }
    }

    @Test func aTopicTooLongForMQTTIsCut() {
        var segment = Segment()
        segment.append(topic: String(repeating: "x", count: 70_000), payload: [1])
        segment.append(topic: "next", payload: [])
        var lengths: [Int] = []
        // swift-format-ignore: ReplaceForEachWithForLoop
        segment.forEach { _, topic, _ in lengths.append(topic.count) }
        #expect(lengths == [65_535, 4])
    }

    @Test func damagedBytesNeverTrap() throws {
        let seed: UInt64 = 11
        print("Segment seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var source = Segment()
        for index in 0..<6 {
            source.append(
                topic: "t/p\(index)/data", payload: Array("{\"temp\":\(index)}".utf8), packetID: UInt16(index / 2), isDuplicate: index > 3)
        }
        source.append(.connected(sessionPresent: true))
        let bytes = source.bytes.map { $0 }
        var driver = try Driver()
        for round in 0..<3000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            damaged.removeLast(Int.random(in: 0...min(damaged.count, 40), using: &generator))
            damaged.withUnsafeBytes { bytes in
                let segment = Segment(copying: bytes, firstEvent: Int64(round * 10), arrivalMilliseconds: Driver.start)
                let kept = segment.byteCount
                #expect(kept <= bytes.count)
                driver.core.step(segment, into: &driver.effects)
            }
            driver.effects.removeAll(keepingCapacity: true)
        }
        let empty = Segment(copying: UnsafeRawBufferPointer(start: nil, count: 0), firstEvent: 1, arrivalMilliseconds: 1)
        let count = empty.count
        #expect(count == 0)
    }

    @Test(arguments: [
        ControlEvent.tick, .connected(sessionPresent: true), .disconnected,
        .settled(key: "k", channel: .order, outcome: .abandoned, detail: "d\u{0}\"é"),
        .orderUpdate(order: "o", state: .awaitingApproval, reference: nil, detail: nil),
        .survey(SurveySubmission(id: "s", device: nil, question: .ves, values: [1, 7], context: .periodic)),
        .withdrawSurvey(survey: "s", by: "b"),
        .acknowledge(alarm: "a", by: "b"), .closeTicket(ticket: "t", by: "b"), .oversized(topic: "x", byteCount: .max),
    ]) func controlEventsComeBack(_ event: ControlEvent) {
        #expect(event.encoded().withUnsafeBytes { ControlEvent(decoding: $0) } == event)
        #expect(event.encoded() == event.encoded())
    }
}

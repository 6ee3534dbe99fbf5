import Telemetry
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
        for index in 0..<6 { source.append(topic: "t/p\(index)/data", payload: Array("{\"temp\":\(index)}".utf8)) }
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
        .acknowledge(alarm: "a", by: "b"), .closeTicket(ticket: "t", by: "b"), .oversized(topic: "x", byteCount: .max),
    ]) func controlEventsComeBack(_ event: ControlEvent) {
        #expect(event.encoded().withUnsafeBytes { ControlEvent(decoding: $0) } == event)
        #expect(event.encoded() == event.encoded())
    }
}

import Testing

@testable import SQLiteStore

@Suite struct InboxTests {
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    @Test func segmentsComeBackWholeAndInOrder() throws {
        let sizes = [0, 1, 100, 8_191, 8_192, 300_000]
        do {
            let store = try Store(path: directory.storePath)
            for (index, size) in sizes.enumerated() { try store.append(count: 10, bytes: size, value: UInt8(index)) }
            try store.close()
        }
        let store = try Store(path: directory.storePath)
        #expect(try store.lastEvent() == 60)
        var seen: [(Int64, Int, Int64, Int)] = []
        try store.forEachSegment(from: 1) { segment in
            #expect(segment.bytes.allSatisfy { $0 == UInt8(seen.count) })
            seen.append((segment.firstEvent, segment.count, segment.arrivalMilliseconds, segment.bytes.count))
        }
        #expect(seen.map(\.0) == [1, 11, 21, 31, 41, 51])
        #expect(seen.map(\.1) == Array(repeating: 10, count: 6))
        #expect(seen.map(\.2) == seen.map { 1_760_000_000_000 + $0.0 })
        #expect(seen.map(\.3) == sizes)
    }

    @Test(arguments: [(1, 1), (10, 1), (11, 11), (25, 21), (30, 21)])
    func readingStartsWithTheSegmentThatHoldsTheEvent(event: Int64, first: Int64) throws {
        let store = try Store(path: directory.storePath)
        for _ in 0..<3 { try store.append(count: 10) }
        var seen: [Int64] = []
        try store.forEachSegment(from: event) { seen.append($0.firstEvent) }
        #expect(seen == [1, 11, 21].filter { $0 >= first })
        seen = []
        try store.forEachSegment(from: 31) { seen.append($0.firstEvent) }
        #expect(seen.isEmpty)
    }

    @Test func gapsAndOverlapsAreRefused() throws {
        let store = try Store(path: directory.storePath)
        try store.append(count: 10)
        for (first, count) in [(10, 1), (12, 1), (1, 1), (11, 0), (11, -1)] as [(Int64, Int)] {
            let error = storeError {
                try store.appendSegment(
                    firstEvent: first, count: count, arrivalMilliseconds: 0, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
            }
            #expect(error?.kind == .constraint)
        }
        #expect(try store.lastEvent() == 10)
    }

    @Test func theCursorIsKeptAndNeverGoesBackOrAhead() throws {
        do {
            let store = try Store(path: directory.storePath)
            try store.append(count: 10)
            try store.setCursor(7)
            #expect(storeError { try store.setCursor(6) }?.kind == .constraint)
            #expect(storeError { try store.setCursor(11) }?.kind == .constraint)
            try store.close()
        }
        #expect(try Store(path: directory.storePath).cursor() == 7)
    }

    @Test func trimmingKeepsWhatRecoveryNeedsAndTheBlackBox() throws {
        let store = try Store(path: directory.storePath)
        for _ in 0..<100 { try store.append(count: 10, bytes: 1_000) }
        try store.setCursor(900)
        #expect(try store.trimInbox(through: 1_000, keepBytes: 0) == 0, "nothing goes before there are two snapshots")
        try store.snapshot(at: 500, [1])
        #expect(try store.trimInbox(through: 1_000, keepBytes: 0) == 0)
        try store.snapshot(at: 900, [2])
        var steps: [Int] = []
        while case let deleted = try store.trimInbox(through: 1_000, keepBytes: 70_000), deleted > 0 { steps.append(deleted) }
        #expect(steps == [30], "the newest 70 000 bytes stay")
        steps = []
        while case let deleted = try store.trimInbox(through: 1_000, keepBytes: 0), deleted > 0 { steps.append(deleted) }
        #expect(steps == [20], "the older snapshot still needs what comes after event 500")
        #expect(try store.firstRetainedEvent() == 501)
        #expect(store.current[.inboxSegments] == 50)
        #expect(try store.statistics().inboxBytes == 50_000)
    }

    @Test func oneTrimmingStepIsBoundedAndTheLastNumberOutlivesItsSegment() throws {
        do {
            let store = try Store(path: directory.storePath)
            for _ in 0..<100 { try store.append() }
            try store.setCursor(100)
            try store.snapshot(at: 100, [1])
            try store.snapshot(at: 100, [2])
            #expect(try store.trimInbox(through: 100, keepBytes: 0) == 32)
            while try store.trimInbox(through: 100, keepBytes: 0) > 0 {}
            #expect(try store.firstRetainedEvent() == nil)
            try store.close()
        }
        let store = try Store(path: directory.storePath)
        #expect(try store.lastEvent() == 100)
        try store.append()
        #expect(try store.lastEvent() == 101)
    }
}

import Documents
import Glibc
import TestSupport
import Testing

@testable import GatewayCore

@Suite struct RepeatFilterTests {
    /// The long form: STEWARD_REPEAT_SEEDS=5000.
    private static let seeds: ClosedRange<UInt64> = 1...(getenv("STEWARD_REPEAT_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 25)

    /// A gateway with nothing but the filter: it counts how often each message was taken as new.
    private struct Gateway {
        var filter = RepeatFilter(capacity: 4096)
        var now: Int64 = 0
        var taken: [Int: Int] = [:]
        var committed: Set<Int> = []

        mutating func commit(_ packet: ModelBroker.Packet) {
            committed.insert(packet.message.serial)
            let serial = Int64(packet.message.serial)
            var waits = RepeatFilter.Waiting(number: serial, isRetained: false, topic: [], payload: [])
            if packet.isDuplicate {
                switch filter.judge(packet.message.content, id: packet.id, atMilliseconds: now) {
                case .new: break
                case .repeated: return
                case .undecided(let place): waits.place = place
                }
            } else {
                filter.note(packet.message.content, id: packet.id, atMilliseconds: now)
            }
            if waits.place < 0 && !filter.isWaiting {
                taken[packet.message.serial, default: 0] += 1
                return
            }
            if filter.wait(waits, atMilliseconds: now) { release() }
        }

        mutating func release() { for message in filter.release().new { taken[Int(message.number), default: 0] += 1 } }

        mutating func reconnect() {
            if filter.isWaiting { release() }
            filter.connected(sessionPresent: true)
        }
    }

    private struct Result {
        var lost: [Int] = []
        var doubled: [Int] = []
        var repeats = 0
    }

    /// Everything happens in random order: publishing, sending, receiving, committing, acknowledging, and losing the connection or the
    /// whole gateway with what it has received and not committed.
    /// - Parameters:
    ///   - words: how many different contents there are; nil for no two alike.
    ///   - losesWhileResending: the connection is also lost before the broker has sent everything again.
    private func play(
        _ ids: ModelBroker.Ids, words: UInt64?, seed: UInt64, resendsLate: Bool = false, losesWhileResending: Bool, steps: Int = 3000
    ) -> Result {
        var generator = SeededGenerator(seed: seed)
        var broker = ModelBroker(ids: ids, window: Int.random(in: 1...12, using: &generator))
        var gateway = Gateway()
        var received: [ModelBroker.Packet] = []
        var published: UInt64 = 0
        var deliveries = 0
        func content() -> UInt64 {
            defer { published += 1 }
            // At first each word once and once more, so that the filter has heard them.
            guard let words else { return 1_000_000 + published }
            return published < 2 * words ? published % words : UInt64.random(in: 0..<words, using: &generator)
        }
        func commit() {
            for packet in received { gateway.commit(packet) }
            deliveries += received.count
            broker.acknowledge(received)
            received = []
        }
        func step(_ action: Int, mayLose: Bool) {
            // An acknowledgement takes milliseconds. Pauses are when nothing is under way.
            gateway.now += broker.isIdle && received.isEmpty ? 10_000 : Int64.random(in: 0...20, using: &generator)
            if gateway.now >= gateway.filter.dueMilliseconds { gateway.release() }
            switch action {
            case 0..<12: broker.publish(content: content())
            case 12..<30: broker.send(newFirst: resendsLate && Bool.random(using: &generator))
            case 30..<48: if let packet = broker.receive() { received.append(packet) }
            case 48..<58: commit()
            case 58..<76: broker.readAcknowledgement()
            case 76..<78: broker.resendOnTheSameConnection()
            case 78..<80:
                let isResending = broker.isResending || gateway.filter.isWaiting || received.contains { $0.isDuplicate }
                guard mayLose, losesWhileResending || !isResending else { return }
                received = []
                broker.reconnect()
                gateway.reconnect()
            default: break
            }
        }
        // So long that a broker that counts onward is known as one.
        for _ in 0..<1000 { step(Int.random(in: 0..<76, using: &generator), mayLose: false) }
        for _ in 0..<steps { step(Int.random(in: 0..<80, using: &generator), mayLose: true) }
        while !broker.isIdle || !received.isEmpty {
            for action in [12, 30, 48, 58] { step(action, mayLose: false) }
        }
        gateway.release()
        return Result(
            lost: gateway.committed.filter { gateway.taken[$0] == nil }.sorted(),
            doubled: gateway.taken.filter { $0.value > 1 }.keys.sorted(),
            repeats: deliveries - gateway.committed.count)
    }

    @Test func aBrokerThatCountsOnwardLosesAndDoublesNothing() {
        var repeats = 0
        for seed in Self.seeds {
            for words in [nil, 1, 2, 5] as [UInt64?] {
                let result = play(.onward, words: words, seed: seed, losesWhileResending: true)
                #expect(result.lost.isEmpty && result.doubled.isEmpty, "seed \(seed), words \(words ?? 0): \(result)")
                repeats += result.repeats
            }
        }
        #expect(repeats > 2_000, "the broker had hardly anything to send again")
    }

    @Test(arguments: [ModelBroker.Ids.lowestFree, .fromOneWhenIdle], [false, true])
    func aBrokerThatGivesIdsAgainLosesNothing(ids: ModelBroker.Ids, resendsLate: Bool) {
        var repeats = 0
        var doubled = 0
        for seed in Self.seeds {
            for words in [nil, 1, 2, 5] as [UInt64?] {
                let result = play(ids, words: words, seed: seed, resendsLate: resendsLate, losesWhileResending: true)
                #expect(result.lost.isEmpty, "seed \(seed), words \(words ?? 0): \(result)")
                repeats += result.repeats
                doubled += result.doubled.count
            }
        }
        print("\(ids), late \(resendsLate): \(doubled) of \(repeats) repeats counted twice")
        #expect(repeats > 2_000)
    }

    /// Where the messages tell themselves apart, and the broker was let finish, nothing is doubled either.
    @Test(arguments: [ModelBroker.Ids.lowestFree, .fromOneWhenIdle])
    func aBrokerThatGivesIdsAgainDoublesNothingOfWhatDiffers(ids: ModelBroker.Ids) {
        for seed in Self.seeds {
            let result = play(ids, words: nil, seed: seed, losesWhileResending: false)
            #expect(result.lost.isEmpty && result.doubled.isEmpty, "seed \(seed): \(result)")
        }
    }

    /// A jam that came, cleared, and came again with a kill in between, under the same packet id each time.
    @Test func whatWasSaidBeforeIsNewsWhenItIsSaidAgain() {
        var filter = RepeatFilter(capacity: 100)
        for (hash, time) in [(1, 0), (2, 60_000)] as [(UInt64, Int64)] { filter.note(hash, id: 1, atMilliseconds: time) }
        filter.connected(sessionPresent: true)
        let judged = filter.judge(1, id: 1, atMilliseconds: 120_000)
        #expect(judged == .new)
    }

    /// In flight together, and then the first of them alone once more: the gap behind it tells that it is new.
    @Test func aGapProvesThatWhatIsBeforeItIsNew() {
        var filter = RepeatFilter(capacity: 100)
        filter.note(11, id: 1, atMilliseconds: 0)
        filter.note(12, id: 2, atMilliseconds: 0)
        filter.connected(sessionPresent: true)
        let judged = filter.judge(11, id: 1, atMilliseconds: 10)
        #expect(judged == .undecided(place: 0))
        let isWhole = filter.wait(message(3, place: 0), atMilliseconds: 10)
        #expect(!isWhole)
        // What comes behind keeps its turn.
        filter.note(99, id: 3, atMilliseconds: 20)
        _ = filter.wait(message(4, place: -1), atMilliseconds: 20)
        #expect(filter.dueMilliseconds == 10 + RepeatFilter.waitMilliseconds)
        let released = filter.release()
        #expect(released.new.map(\.number) == [3, 4] && released.repeats == 0)
        #expect(filter.dueMilliseconds == .max)
    }

    @Test func aWholeSuffixIsARepeatAtOnce() {
        var filter = RepeatFilter(capacity: 100)
        for id in 1...5 as ClosedRange<UInt16> { filter.note(UInt64(id), id: id, atMilliseconds: 0) }
        filter.connected(sessionPresent: true)
        for (place, isLast) in [(3, false), (4, true)] as [(Int64, Bool)] {
            let judged = filter.judge(UInt64(place) + 1, id: UInt16(place) + 1, atMilliseconds: 5)
            #expect(judged == .undecided(place: place))
            let isWhole = filter.wait(message(10 + place, place: place), atMilliseconds: 5)
            #expect(isWhole == isLast)
        }
        let released = filter.release()
        #expect(released.new.isEmpty && released.repeats == 2)
        // On the same connection once more, as NATS does.
        let again = filter.judge(5, id: 5, atMilliseconds: 6)
        #expect(again == .repeated)
    }

    @Test func whatIsSaidAgainAndAgainIsRatherDoubledThanLost() {
        var filter = RepeatFilter(capacity: 100)
        for minute in 0..<5 { filter.note(7, id: 1, atMilliseconds: Int64(minute) * 60_000) }
        filter.connected(sessionPresent: true)
        let judged = filter.judge(7, id: 1, atMilliseconds: 300_000)
        #expect(judged == .undecided(place: 4))
        let isWhole = filter.wait(message(9, place: 4), atMilliseconds: 300_000)
        let released = filter.release()
        #expect(isWhole && released.new.map(\.number) == [9])
    }

    @Test func aSessionThatWasNotKeptRepeatsNothing() {
        var filter = RepeatFilter(capacity: 100)
        for id in 1...5 as ClosedRange<UInt16> { filter.note(UInt64(id), id: id, atMilliseconds: Int64(id) * 10_000) }
        filter.connected(sessionPresent: false)
        let judged = filter.judge(5, id: 5, atMilliseconds: 60_000)
        #expect(judged == .new)
    }

    @Test func theWaitIsBounded() {
        var filter = RepeatFilter(capacity: 10)
        for id in 1...4 as ClosedRange<UInt16> { filter.note(UInt64(id), id: id, atMilliseconds: 0) }
        filter.connected(sessionPresent: true)
        _ = filter.judge(1, id: 1, atMilliseconds: 0)
        var isFull = filter.wait(message(1, place: 0), atMilliseconds: 0)
        for number in 0..<9 { isFull = filter.wait(message(Int64(number), place: -1), atMilliseconds: 0) }
        #expect(!isFull)
        isFull = filter.wait(message(10, place: -1), atMilliseconds: 0)
        #expect(isFull)
        _ = filter.release()
        _ = filter.judge(2, id: 2, atMilliseconds: 0)
        var large = message(1, place: 1)
        large.payload = Array(repeating: 0, count: RepeatFilter.maximumWaitingBytes + 1)
        isFull = filter.wait(large, atMilliseconds: 0)
        #expect(isFull)
    }

    private func message(_ number: Int64, place: Int64) -> RepeatFilter.Waiting {
        RepeatFilter.Waiting(number: number, isRetained: false, place: place, topic: [1], payload: [2])
    }

    /// Whatever comes after it, a filter from a snapshot answers as the one that was written.
    @Test func itComesBackFromASnapshotAtAnyPoint() throws {
        let seed: UInt64 = 9
        print("RepeatFilter seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var filter = RepeatFilter(capacity: 5)
            var now: Int64 = 0
            for _ in 0..<Int.random(in: 0..<30, using: &generator) {
                _ = happen(&filter, &now, UInt64.random(in: 0...(.max), using: &generator))
            }
            var writer = ByteWriter()
            filter.write(to: &writer)
            var other = RepeatFilter(capacity: 5)
            var reader = ByteReader(writer.bytes)
            try other.read(from: &reader)
            let isAtEnd = reader.isAtEnd
            #expect(isAtEnd)
            for _ in 0..<30 {
                let draw = UInt64.random(in: 0...(.max), using: &generator)
                var sameNow = now
                let answers = (happen(&filter, &now, draw), happen(&other, &sameNow, draw))
                #expect(answers.0 == answers.1, "seed \(seed)")
            }
        }
    }

    /// One thing that may happen to a filter, and what it says; places are left out, as they are numbered anew.
    private func happen(_ filter: inout RepeatFilter, _ now: inout Int64, _ draw: UInt64) -> String {
        now += Int64(draw >> 32) % 3000
        let (hash, id) = (draw >> 8 & 3, UInt16(draw >> 16 & 7) + 1)
        switch draw % 8 {
        case 0:
            let released = filter.release()
            filter.connected(sessionPresent: draw >> 24 & 7 > 0)
            return "\(released.new.map(\.number)) \(released.repeats)"
        case 1..<5:
            filter.note(hash, id: id, atMilliseconds: now)
            return "\(filter.isWaiting) \(filter.dueMilliseconds)"
        default:
            switch filter.judge(hash, id: id, atMilliseconds: now) {
            case .new: return "new"
            case .repeated: return "repeated"
            case .undecided(let place): return "undecided \(filter.wait(message(now, place: place), atMilliseconds: now))"
            }
        }
    }

    @Test func damagedBytesThrow() {
        var filter = RepeatFilter(capacity: 5)
        for cut in 0..<40 {
            var reader = ByteReader(Array(repeating: 0xFF, count: cut))
            #expect(throws: ByteCodingError.self) { try filter.read(from: &reader) }
        }
    }
}

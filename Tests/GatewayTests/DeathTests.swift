import CoreViews
import Foundation
import GatewayCore
import SQLiteStore
import Testing

@testable import Gateway

/// What the page in shared memory says of the program before: crashes count at once, kills only when they meet one message again and again.
@Suite struct DeathTests {
    private func deaths(_ lives: [(event: Int64, isCrash: Bool)]) -> [Death] {
        let page = UnsafeMutablePointer<Int64>.allocate(capacity: 512)
        defer { page.deallocate() }
        page.initialize(repeating: 0, count: 512)
        return lives.map { life in
            page[ProgressWord.event] = life.event
            page[ProgressWord.crashed] = life.isCrash ? 1 : 0
            return Death.readAndReset(page)
        }
    }

    @Test func threeKillsInARowWithinOneMessageAreSuspicious() {
        let told = deaths([(7, false), (7, false), (7, false), (7, false)])
        #expect(told.map(\.inARow) == [1, 2, 3, 4])
        #expect(told.map(\.isSuspicious) == [false, false, true, true])
        #expect(told.allSatisfy { !$0.isCrash })
    }

    @Test func killsInDifferentMessagesOrBetweenThemSayNothing() {
        #expect(deaths([(7, false), (8, false), (7, false), (8, false)]).allSatisfy { !$0.isSuspicious })
        #expect(deaths([(7, false), (7, false), (0, false), (7, false), (7, false)]).allSatisfy { !$0.isSuspicious })
        #expect(deaths([(0, false), (0, true), (0, false), (0, false)]).allSatisfy { $0.event == 0 && !$0.isSuspicious })
    }

    @Test func crashesAndKillsInOneMessageAddUp() {
        let told = deaths([(7, true), (7, false), (7, false)])
        #expect(told.map(\.isCrash) == [true, false, false])
        #expect(told.last?.isSuspicious == true)
    }

    /// The store, the marker and the recovery themselves, with a message at which three programs were killed.
    @Test func theMessageIsSetAsideAtTheFourthStart() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write(
            "profiles/plain.json", #"{ profile: "plain", messages: [{ topic: "t/{device}" }], metrics: { a: { pointer: "/a" } } }"#)
        var configuration = GatewayConfiguration()
        configuration.store.path = directory.url.path + "/steward.db"
        let profiles = try ProfileLoader.load([directory.url.path + "/profiles"])
        let store = try Store(path: configuration.store.path)
        var segment = Segment()
        for number in 0..<3 { segment.append(topic: "t/d\(number)", payload: Array("{\"a\":\(number)}".utf8)) }
        try store.transaction {
            try store.appendSegment(firstEvent: 1, count: segment.count, arrivalMilliseconds: 1, bytes: segment.bytes)
        }
        try store.close()
        for start in 1...4 {
            let opening = try StoreOpening(configuration: configuration, profiles: profiles)
            #expect(opening.damages.isEmpty)
            let recovery = try Recovery(opening)
            #expect(recovery.core.quarantined == (start == 4 ? [2] : []))
            #expect(recovery.core.hasDevice("d1") == (start < 4))
            #expect(recovery.core.hasDevice("d2"))
            // Killed while it takes the second event.
            opening.marker.progress[ProgressWord.event] = 2
            try opening.store.close()
        }
    }
}

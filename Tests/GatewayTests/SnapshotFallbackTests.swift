import GatewayCore
import SQLiteStore
import Testing

@testable import Gateway

/// A snapshot whose bytes are whole, and which this program cannot read, is named, and the one before it and the inbox give the state.
@Suite struct SnapshotFallbackTests {
    @Test(arguments: [
        (StewardCore.snapshotFormat, [UInt8]("rubbish".utf8), "the data is damaged"),
        (StewardCore.snapshotFormat, partOfALaterProgram, "a later program wrote the snapshot: version 99 of its part \"core\""),
        (6, [1, 2, 3], "the data is damaged"), (4711, [1, 2, 3], "has format 4711, which this program does not read"),
    ])
    func theSnapshotBeforeStandsIn(format: Int, bytes: [UInt8], reason: String) throws {
        let made = try DamagedStore(isKilled: false)
        _ = try made.start(onDamage: .refuse)
        let configuration = made.configuration(.refuse)
        do {
            let store = try Store(path: configuration.store.path, limits: configuration.limits)
            try store.saveSnapshot(event: made.lastEvent, formatVersion: format) { try $0.append(bytes) }
            try store.close()
        }
        let opening = try StoreOpening(configuration: configuration, profiles: try DamagedStore.profiles())
        #expect(opening.snapshot.event == made.snapshotEvent)
        #expect(opening.snapshot.problems.count == 1)
        #expect(opening.snapshot.problems.first?.contains("the snapshot at event \(made.lastEvent)") == true)
        #expect(opening.snapshot.problems.first?.contains(reason) == true, "\(opening.snapshot.problems)")
        #expect(opening.damages.isEmpty, "nothing is lost: \(opening.damages)")
        let recovery = try Recovery(opening)
        #expect(recovery.core.digestLines() == made.lines)
        #expect(recovery.replayedEvents == made.lastEvent - made.snapshotEvent)
        try opening.store.close()
    }

    private static let partOfALaterProgram: [UInt8] = [4, 0, 0, 0] + Array("core".utf8) + [99, 0, 0, 0, 0, 0]
}

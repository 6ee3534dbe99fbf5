import Foundation
import GatewayCore
import SQLiteStore
import Testing

@testable import Gateway

/// Damages copies of a store in every structure, and starts each the way the gateway does. A start must refuse, or go on with a word, or come
/// to the very state of the undamaged store. The long form: `STEWARD_DAMAGE_COUNT=1000`.
@Suite struct DamageCampaignTests {
    static let count = ProcessInfo.processInfo.environment["STEWARD_DAMAGE_COUNT"].flatMap { Int($0) } ?? 25
    static let seed = ProcessInfo.processInfo.environment["STEWARD_DAMAGE_SEED"].flatMap { UInt64($0) } ?? 17

    @Test(arguments: [GatewayConfiguration.OnDamage.goOn, .refuse], [true, false])
    func noDamageIsSilent(onDamage: GatewayConfiguration.OnDamage, isKilled: Bool) throws {
        let made = try DamagedStore(isKilled: isKilled)
        let whole = try made.start(onDamage: onDamage)
        #expect(whole == .same, "the undamaged store itself: \(whole)")
        print("damage seed \(Self.seed), \(Self.count) of each kind, \(onDamage), killed: \(isKilled)")
        var random = DamageRandom(state: Self.seed)
        var tally: [String: Int] = [:]
        for name in made.files {
            for damage in DamagedStore.Damage.allCases {
                let times = damage.isRandom ? (name.hasSuffix(".db") || name.hasSuffix("-wal") ? Self.count : 4) : 1
                for _ in 0..<times {
                    let what = try made.damage(name, damage, &random)
                    let outcome = try made.start(onDamage: onDamage)
                    tally["\(name) \(damage): \(outcome.word)", default: 0] += 1
                    if case .silent(let difference) = outcome { Issue.record("\(name): \(what): goes on silently: \(difference)") }
                    if onDamage == .refuse, case .told = outcome { Issue.record("\(name): \(what): goes on although it should refuse") }
                }
            }
        }
        for (what, times) in tally.sorted(by: { $0.key < $1.key }) { print("  \(what) \(times)") }
    }

    /// A row that is lost or changed without a trace in the structure of the file.
    @Test(arguments: [
        "DELETE FROM inbox WHERE first_event = (SELECT max(first_event) FROM inbox)",
        "DELETE FROM inbox WHERE first_event > (SELECT max(event) FROM snapshot) + 30",
        "UPDATE inbox SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"pageCount\":9', '\"pageCount\":8') AS BLOB)",
        "DELETE FROM snapshot", "DELETE FROM snapshot_part", "DELETE FROM counter WHERE id = 0",
        "UPDATE counter SET value = 3 WHERE id = 1",
        "DELETE FROM outbox", "INSERT INTO quarantine(event, attempts) VALUES(150, 2)",
    ])
    func noChangedRowIsSilent(sql: String) throws {
        let made = try DamagedStore(isKilled: false)
        try made.execute(sql, dropping: ["outbox_changed", "quarantine_added", "quarantine_changed"])
        let outcome = try made.start(onDamage: .goOn)
        if case .silent(let difference) = outcome { Issue.record("silent: \(difference)") }
        try made.execute(sql, dropping: ["outbox_changed", "quarantine_added", "quarantine_changed"])
        let refusal = try made.start(onDamage: .refuse)
        #expect(refusal.word == (outcome.word == "same" ? "same" : "refused"))
    }

    /// A cut file, one without its header, and one whose tables SQLite cannot walk.
    @Test(arguments: ["cut", "header", "outbox", "inbox"])
    func aStoreThatCannotBeReadIsSetAsideAndTakenOver(how: String) throws {
        let made = try DamagedStore(isKilled: false)
        let damage: (inout [UInt8], [String: Int]) -> Void = { bytes, roots in
            switch how {
            case "cut": bytes.removeLast(3 * 8192)
            case "header": for index in 0..<100 { bytes[index] = 0 }
            default: for index in 0..<8192 { bytes[(roots[how, default: 1] - 1) * 8192 + index] = 0x55 }
            }
        }
        try made.change(damage)
        guard case .refused = try made.start(onDamage: .refuse) else {
            Issue.record("it was not refused")
            return
        }
        #expect(try made.damagedCopies().isEmpty)
        try made.change(damage)
        let configuration = made.configuration(.goOn)
        let profiles = try DamagedStore.profiles()
        do {
            let opening = try StoreOpening(configuration: configuration, profiles: profiles)
            let texts = opening.damages.map(\.text).joined(separator: "; ")
            #expect(texts.contains("it was set aside as"), "\(texts)")
            let recovery = try Recovery(opening)
            // What is told stands behind what was committed.
            #expect(recovery.core.storeDamage.unseen == opening.damages.count && recovery.core.lastEvent == made.lastEvent + 1)
            if how == "outbox" {
                #expect(texts.contains("the state after event \(made.snapshotEvent)"), "\(texts)")
                #expect(!texts.contains("are missing"), "\(texts)")
            }
            if how == "inbox" { #expect(texts.contains("events \(made.snapshotEvent + 1) to \(made.lastEvent) are missing"), "\(texts)") }
            if how == "header" { #expect(texts.contains("events 1 to \(made.lastEvent) are missing"), "\(texts)") }
            try opening.store.close()
        }
        #expect(try made.damagedCopies().count == 1)
        let again = try StoreOpening(configuration: configuration, profiles: profiles)
        #expect(again.damages.isEmpty, "\(again.damages)")
    }

    @Test func whatWasLostIsNamedOnceAndTheNumbersGoOn() throws {
        let made = try DamagedStore(isKilled: false)
        try made.execute("DELETE FROM inbox WHERE first_event > (SELECT max(event) FROM snapshot)", dropping: [])
        let refused = try made.start(onDamage: .refuse)
        guard case .refused(let text) = refused else {
            Issue.record("\(refused)")
            return
        }
        #expect(text.contains("events \(made.snapshotEvent + 1) to \(made.lastEvent) are missing, between 20"), "\(text)")
        let configuration = made.configuration(.goOn)
        let profiles = try DamagedStore.profiles()
        do {
            let opening = try StoreOpening(configuration: configuration, profiles: profiles)
            #expect(opening.damages.map(\.id) == ["sd-\(made.snapshotEvent + 1)-\(made.lastEvent)"])
            let recovery = try Recovery(opening)
            #expect(recovery.core.storeDamage.unseen == 1)
            #expect(try opening.store.lastEvent() == made.lastEvent)
            #expect(recovery.core.lastEvent == made.lastEvent)
            #expect(
                recovery.outputs.flatMap(\.effects).contains {
                    if case .decision(let made) = $0 { made.kind == .storeDamaged } else { false }
                })
            try opening.store.close()
        }
        let again = try StoreOpening(configuration: configuration, profiles: profiles)
        #expect(again.damages.isEmpty, "it is told once: \(again.damages)")
        #expect(try Recovery(again).core.storeDamage.unseen == 1)
    }
}

import CoreViews
import Documents
import Foundation
import GatewayCore
import MQTTLink
import SQLiteStore
import SampleCodec
import Synchronization
import Telemetry
import TestSupport
import Threading

@testable import Gateway

/// Broker, gateway and disk on one thread, behind a clock that does not run by itself. Everything that can go wrong does, by dice: the same seed is
/// the same run. What comes out of it must be what comes out without any fault.
final class Simulation: SimulatedLink.World {
    /// What is the same whenever messages arrive: what the devices said, and what was decided because of it.
    struct Outcome: Equatable {
        var samples: [String: [Sample]] = [:]
        var decisions: [String] = []
    }

    /// How a run went, for the message of a failure.
    struct Story {
        var deaths = 0
        var lossesOfPower = 0
        var diskFaults = 0
        var snapshots: Int64 = 0
        var acknowledged = 0
    }

    private var dice: SeededGenerator
    private let hasFaults: Bool
    private(set) var story = Story()
    private let directory: URL
    private let disk: SimulatedDisk
    private let broker = SimulatedBroker()
    private var configuration = GatewayConfiguration()
    private let profiles: [DeviceProfile]
    private let time = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
    private var messages: [PlannedMessage]
    private var areFaultsOn: Bool
    /// Nil between its end and the next start; the store is open as long as it is there.
    private var program: Program?

    static let start: Int64 = 1_767_225_600_000

    init(messages: [PlannedMessage], seed: UInt64, hasFaults: Bool) throws {
        dice = SeededGenerator(seed: seed)
        self.hasFaults = hasFaults
        areFaultsOn = hasFaults
        self.messages = messages
        // In memory where that is possible: a thousand starts of a real disk take long.
        let memory = URL(filePath: "/dev/shm")
        let place = access(memory.path, W_OK) == 0 ? memory : FileManager.default.temporaryDirectory
        directory = place.appending(path: "steward-simulation-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        configuration.profiles = [root.appending(path: "DeviceProfiles/steward-native").path]
        configuration.store.path = directory.appending(path: "s.db").path
        configuration.memoryMegabytes = 0
        profiles = try ProfileLoader.load(configuration.profiles)
        disk = SimulatedDisk(directory: directory.path)
        SimulatedFiles.register(disk)
        time.initialize(to: Self.start * 1_000_000)
    }

    deinit {
        SimulatedFiles.forget(disk)
        try? FileManager.default.removeItem(at: directory)
        time.deallocate()
    }

    // MARK: The world

    var isDead: Bool { disk.isDead }
    func number(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &dice) }
    func happens(oneIn chance: Int) -> Bool { areFaultsOn && number(below: chance) == 0 }
    func die() { disk.kill() }

    // MARK: The run

    /// Throws `SimulationFailure` when something holds that must not.
    func run() throws -> Outcome {
        SimulatedTime.set(time)
        defer { SimulatedTime.set(nil) }
        var quietTurns = 0
        var turns = 0
        while quietTurns < 30 {
            turns += 1
            guard turns < 200_000 else { throw SimulationFailure("it comes to no end") }
            time.pointee += Int64(1 + number(below: 400)) * 1_000_000
            publish()
            breakSomething()
            if program == nil || isDead {
                try restart()
                continue
            }
            guard let running = program else { continue }
            if areFaultsOn, number(below: 60) == 0 { running.worker.requestSnapshot() }
            // At most three batches wait, so that handing over another one never blocks the only thread that there is.
            for _ in 0..<(turns % 3 == 0 ? 1000 : number(below: 2)) { guard running.worker.takeOne() else { break } }
            running.waitForSnapshot()
            do { try running.turn() } catch { die() }
            quietTurns = messages.isEmpty && broker.isIdle && !isDead ? quietTurns + 1 : 0
        }
        try stop()
        story.acknowledged = broker.acknowledged
        return try outcome()
    }

    private func publish() {
        while let next = messages.first, Self.start + next.afterMilliseconds <= time.pointee / 1_000_000 {
            broker.publish(next.topic, next.payload)
            messages.removeFirst()
        }
        // The end is quiet, so that every run comes to one.
        if messages.isEmpty { areFaultsOn = false }
    }

    private func breakSomething() {
        guard hasFaults else { return }
        if happens(oneIn: 200) { die() }
        if disk.fault == nil, happens(oneIn: 25) {
            let kind: DiskFault = number(below: 2) == 0 ? .error(calls: 1 + number(below: 8)) : .death
            disk.fault = (disk.calls + 1 + number(below: 60), kind)
            story.diskFaults += 1
        }
        if !areFaultsOn { disk.fault = nil }
    }

    private func restart() throws {
        if program != nil { story.deaths += 1 }
        // Its disk is dead, so whatever it does when it goes reaches nothing.
        disk.kill()
        let losesPower = letGo()
        disk.restart(losesPower: losesPower) { self.number(below: 2) == 0 }
        do { program = try Program(configuration, profiles, broker, self) } catch {
            // A start may meet a fault of the disk, too: the next one follows. Without a fault nothing may keep it from starting.
            guard areFaultsOn || isDead || disk.hasFailed else { throw SimulationFailure("no start: \(error)") }
            disk.kill()
            return
        }
        guard program?.unseenDamage == 0 else { throw SimulationFailure("a crash looks like damage of the store") }
    }

    private func letGo() -> Bool {
        let losesPower = happens(oneIn: 2)
        if losesPower { story.lossesOfPower += 1 }
        story.snapshots += program?.statistics.snapshots.load(ordering: .relaxed) ?? 0
        program?.end()
        program = nil
        return losesPower
    }

    // MARK: What has come of it

    private func stop() throws {
        for _ in 0..<2 {
            while program?.worker.takeOne() == true {}
            program?.waitForSnapshot()
            try program?.turn()
        }
        program?.loop.stop()
        _ = letGo()
    }

    private func outcome() throws -> Outcome {
        let opening = try StoreOpening(configuration: configuration, profiles: profiles)
        let recovery = try Recovery(opening)
        // Snapshot and what came after it, or everything from the beginning: the state is the same.
        guard let whole = StewardCore(configuration: configuration.core, profiles: profiles) else { throw SimulationFailure("no memory") }
        guard recovery.core.digest() == (try Self.replay(opening.store, whole)).digest() else {
            throw SimulationFailure("snapshot and inbox give another state than the inbox alone")
        }
        var outcome = Outcome()
        outcome.decisions = try opening.store.journal(limit: 100_000).compactMap(Self.decision).sorted()
        for device in PlannedMessage.devices {
            for metric in PlannedMessage.metrics {
                let chunks = try opening.store.chunks(device: device, metric: metric, fromMilliseconds: .min, throughMilliseconds: .max)
                var samples = try chunks.flatMap { chunk in
                    try chunk.bytes.withUnsafeBytes { try SampleChunk.decode($0, count: chunk.count) }
                }
                samples += recovery.core.openSamples(device: device, metric: metric)?.samples ?? []
                outcome.samples[device + "/" + metric] = samples
            }
        }
        try opening.store.close()
        return outcome
    }

    private static func replay(_ store: Store, _ core: StewardCore) throws -> StewardCore {
        var core = core
        try store.forEachSegment(from: 1) { stored in
            var effects: [Effect] = []
            core.step(
                Segment(copying: stored.bytes, firstEvent: stored.firstEvent, arrivalMilliseconds: stored.arrivalMilliseconds),
                into: &effects)
        }
        return core
    }

    /// Kind, device and id; nil for what depends on when something arrives.
    private static func decision(_ entry: JournalEntry) throws -> String? {
        guard ["alarm.raised", "alarm.cleared", "incident.opened", "incident.closed", "order", "supply.replaced"].contains(entry.kind)
        else {
            return nil
        }
        let line = try APIValue(parsing: entry.body)
        let ids = ["alarm", "order", "incident", "onset", "supply", "generation"].map { key in
            line[key].string ?? line[key].integer.map { String($0) } ?? "-"
        }
        return ([entry.kind, entry.device] + ids).joined(separator: " ")
    }
}

struct SimulationFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

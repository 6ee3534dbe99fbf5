import CoreViews
import Foundation
import GatewayCore
import Synchronization
import Testing

@testable import Gateway

/// Questions to the core's thread, and what they must not do to its work.
@Suite(.serialized) struct CoreWorkerTests {
    private final class Bench {
        let worker: CoreWorker
        let statistics = GatewayStatistics()
        private let progress = UnsafeMutablePointer<Int64>.allocate(capacity: 4)

        init(devices: Int = 0) throws {
            progress.initialize(repeating: 0, count: 4)
            let path = Bench.profiles
            let profiles = try ProfileLoader.load([path])
            let core = try #require(StewardCore(configuration: CoreConfiguration(), profiles: profiles))
            worker = CoreWorker(core: core, statistics: statistics, progress: progress, onOutput: {})
            try worker.start()
            for start in stride(from: 0, to: devices, by: 500) { send(start..<min(start + 500, devices)) }
            #expect(worker.drain(timeoutMilliseconds: 60_000))
        }

        deinit {
            worker.stop()
            progress.deallocate()
        }

        private static let profiles = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "DeviceProfiles").path

        private var event: Int64 = 1

        func send(_ devices: Range<Int>) {
            let box = worker.takeSpare()
            for device in devices {
                box.segment.append(topic: "devices/d\(device)/telemetry", payload: Array(#"{"ts":1000,"fuserTemp":\#(device)}"#.utf8))
            }
            box.segment.firstEvent = event
            box.segment.arrivalMilliseconds = 1_000_000
            event += Int64(box.segment.count)
            worker.submit(box)
        }
    }

    private static func waitUntil(_ condition: () -> Bool) -> Bool {
        for _ in 0..<4000 {
            if condition() { return true }
            usleep(5000)
        }
        return condition()
    }

    /// Holds the core's thread until it is let go.
    private final class Hold: Sendable {
        private let entered = Atomic<Bool>(false)
        private let isReleased = Atomic<Bool>(false)

        init(_ worker: CoreWorker) {
            Thread.detachNewThread {
                try? worker.ask(timeoutMilliseconds: 60_000) { _ in
                    self.entered.store(true, ordering: .releasing)
                    while !self.isReleased.load(ordering: .acquiring) { usleep(1000) }
                }
            }
            #expect(waitUntil { entered.load(ordering: .acquiring) })
        }

        func release() { isReleased.store(true, ordering: .releasing) }
    }

    @Test func aQuestionWhoseTimeIsOverIsNeverRun() throws {
        let bench = try Bench()
        let hold = Hold(bench.worker)
        let runs = Atomic<Int>(0)
        for _ in 0..<50 {
            #expect(throws: NotAnswered.busy) { try bench.worker.ask(timeoutMilliseconds: 1) { _ in runs.add(1, ordering: .relaxed) } }
        }
        hold.release()
        #expect(try bench.worker.ask { $0.deviceCount } == 0)
        #expect(runs.load(ordering: .relaxed) == 0)
    }

    @Test func whoWaitsAtTheEndIsToldAtOnce() throws {
        let bench = try Bench()
        let hold = Hold(bench.worker)
        let worker = bench.worker
        let told = Told()
        Thread.detachNewThread { told.set((try? worker.ask(timeoutMilliseconds: 600_000) { _ in }) == nil) }
        // Whether it waits by then or comes later, it is told.
        worker.closeForQuestions()
        #expect(Self.waitUntil { told.isSet })
        #expect(throws: NotAnswered.busy) { try worker.ask(timeoutMilliseconds: 600_000) { _ in } }
        hold.release()
    }

    private final class Told: Sendable {
        private let state = Atomic<Bool>(false)
        var isSet: Bool { state.load(ordering: .acquiring) }
        func set(_ flag: Bool) { state.store(flag, ordering: .releasing) }
    }

    @Test func aLongAnswerIsReadInSlicesBetweenBatches() throws {
        let bench = try Bench(devices: 2000)
        let directory = DeviceDirectory()
        let ids = try directory.sorted(bench.worker, hasLeft: { false })
        #expect(ids.count == 2000 && ids == ids.sorted())
        // Each step takes far longer than a slice, so each is one; a batch is taken in between.
        let before = try bench.worker.ask { $0.lastEvent }
        // Unowned: the core's thread may be the last to let go of the step, and must not be the one that stops itself.
        let step = { [unowned bench] (core: StewardCore, state: inout (events: [Int64], steps: Int)) -> Bool in
            guard state.steps < 3 else { return false }
            if state.steps == 0 { bench.send(0..<10) }
            state.steps += 1
            state.events.append(core.lastEvent)
            usleep(20_000)
            return true
        }
        let state = try withExtendedLifetime(bench) { try bench.worker.walk((events: [Int64](), steps: 0), hasLeft: { false }, step) }
        #expect(state.events.first == before && state.events.last == before + 10)
    }

    @Test func aWalkEndsWithItsAsker() throws {
        let bench = try Bench()
        let steps = Atomic<Int>(0)
        let hasLeft = { steps.load(ordering: .relaxed) >= 3 }
        #expect(throws: NotAnswered.askerLeft) {
            try bench.worker.walk(0, hasLeft: hasLeft) { _, _ in
                steps.add(1, ordering: .relaxed)
                usleep(2000)
                return true
            }
        }
    }

    @Test func figuresArePublishedWithoutAQuestion() throws {
        let bench = try Bench(devices: 100)
        #expect(Self.waitUntil { bench.worker.publishedFigures().totals.devices == 100 })
        let hold = Hold(bench.worker)
        #expect(bench.worker.publishedFigures().totals.devices == 100)
        #expect(String(decoding: bench.worker.publishedFigures().status, as: UTF8.self).contains(#""total":100"#))
        hold.release()
    }

    @Test func aCoreThatHangsIsSeen() throws {
        let bench = try Bench()
        #expect(Self.waitUntil { bench.worker.stalledMilliseconds == 0 })
        let hold = Hold(bench.worker)
        #expect(Self.waitUntil { bench.worker.stalledMilliseconds > 50 })
        // Who waits for the core goes on telling that it lives.
        let beats = Atomic<Int>(0)
        let worker = bench.worker
        Thread.detachNewThread {
            for _ in 0...CoreWorker.maximumBatches { worker.submit(SegmentBox(), heartbeat: { beats.add(1, ordering: .relaxed) }) }
        }
        #expect(Self.waitUntil { beats.load(ordering: .relaxed) > 0 })
        hold.release()
        #expect(Self.waitUntil { bench.worker.stalledMilliseconds == 0 })
    }
}

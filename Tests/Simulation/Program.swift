import CoreViews
import Foundation
import GatewayCore
import MQTTLink
import SQLiteStore
import Telemetry
import Threading

@testable import Gateway

/// The gateway between a start and its end: the same parts, put together as `GatewayRuntime` does, without its threads.
final class Program {
    let loop: IngestLoop
    let worker: CoreWorker
    let statistics = GatewayStatistics()
    let unseenDamage: Int
    private let store: Store
    private let marker: CrashMarker
    private let wake: WakeEvent

    init(_ configuration: GatewayConfiguration, _ profiles: [DeviceProfile], _ broker: SimulatedBroker, _ world: any SimulatedLink.World)
        throws
    {
        let opening = try StoreOpening(configuration: configuration, profiles: profiles)
        (store, marker) = (opening.store, opening.marker)
        let recovery = try Recovery(opening)
        unseenDamage = recovery.core.totals().unseenStoreDamage
        let wake = try WakeEvent()
        self.wake = wake
        let mailbox = ControlMailbox(wake: wake)
        worker = CoreWorker(core: recovery.core, statistics: statistics, progress: marker.progress, onOutput: { wake.signal() })
        worker.begin(with: recovery.outputs)
        let clock = GatewayClock(
            lastCommittedMilliseconds: recovery.core.now, memory: ClockMemory(marker.progress + ProgressWord.clock), statistics: statistics)
        let outbox = try OutboxPump(
            store: store, mailbox: mailbox, statistics: statistics, commands: nil,
            workers: try SupplierWorkers(configuration, mailbox: mailbox))
        loop = try IngestLoop(
            configuration: configuration, opening: opening, core: worker, mailbox: mailbox, outbox: outbox, statistics: statistics,
            clock: clock, wake: wake, announce: { _ in },
            makeLink: { settings, _, _, onMessage, onChange in
                SimulatedLink(broker, world, filters: settings.subscriptions, onMessage: onMessage, onConnectionChange: onChange)
            })
        try loop.connect(try GatewayRuntime.mqttSettings(configuration, profiles))
    }

    /// A snapshot is written by a thread of its own. Each of its pieces is waited for, so that the same seed is the same run.
    func waitForSnapshot() { while worker.isWritingSnapshot, worker.snapshots.isEmpty { usleep(100) } }

    func turn() throws {
        // A loop that waits for its store is woken at once: nothing else runs meanwhile.
        wake.signal()
        try loop.turn()
    }

    func end() { worker.stop() }
}

import CivilCalendar
import Documents
import GatewayCore
import Replenishment
import Telemetry

/// A fleet, a broker, a gateway, suppliers and people through a year, on one thread and without a clock. The gateway is its core, the same code as
/// in `run` and `replay`: what it wants done is done here, and what comes of that goes back to it as events.
final class ChaosWorld {
    enum Event {
        case report(Int)
        /// A report beside the regular ones.
        case extraReport(Int)
        case faultBegins(Int)
        case faultEnds(Int, fault: Int)
        case deviceLeaves(Int)
        case deviceReturns(Int)
        case levelTrouble(Int, ChaosKind)
        case clockTrouble(Int, ChaosKind)
        case rename(Int)
        case gatewayEnds
        case gatewayReturns
        case brokerEnds
        case brokerReturns
        case gatewayClockSteps(Int64)
        case arrives(Int, ChaosDevice.Message)
        case sendCommand(Delivery)
        case commandArrives(Int, ChaosDevice.HeldCommand)
        case answer(Int, ChaosDevice.Message)
        case attempt(key: String)
        case supplierReports(ControlEvent, order: String)
        case parcelArrives(order: String)
        case orderAgain(order: String, device: Int, slot: Int)
        case countCupboard(item: String)
        case control(ControlEvent)
        case restart
    }

    /// A delivery that waits in the outbox.
    struct OutboxEntry {
        var body: [UInt8]
        var created: Int64
        var attempts = 0
        /// A try may have been taken, though no answer came.
        var mayBeTaken = false
    }

    let scenario: ChaosScenario
    let profiles: [DeviceProfile]
    let configuration: CoreConfiguration
    var core: StewardCore
    var segment = Segment()
    var tick = Segment()
    var effects: [Effect] = []
    var eventNumber: Int64 = 1

    var queue = EventQueue<Event>()
    /// The true time.
    var now = ChaosScenario.startMilliseconds
    /// What the gateway's clock says more than that.
    var gatewayOffset: Int64 = 0
    var isGatewayUp = true
    var isBrokerUp = true
    var sessionIsLost = false
    /// What waits in the broker for a gateway that is down.
    var brokerQueue: [(device: Int, message: ChaosDevice.Message)] = []
    /// The last messages that the gateway has acknowledged, which a broker may send again.
    var lastDelivered: [(device: Int, message: ChaosDevice.Message, id: UInt16)] = []
    var packetID: UInt16 = 0
    /// Since when the gateway hears nobody; the times in which it did not.
    var deafSince: Int64?
    var deaf: [Range<Int64>] = []

    var devices: [ChaosDevice]
    var deviceNamed: [String: Int] = [:]
    var stories: [Story]
    var checker: TruthChecker
    var counts = ChaosCounts()
    var outbox: [String: OutboxEntry] = [:]
    var supplier: ChaosSupplier
    /// When the core last sent a command.
    var lastCommand: Int64 = .min / 2
    var conditionOfAlarm: [String: String] = [:]
    let windows: ChaosWindows
    var gatewayDice, brokerDice: SplitMix64
    /// The device whose story is told as it happens; nil for none.
    let followed: Int?
    let tell: ((String) -> Void)?
    /// What was told last of what the core believes of its supplies.
    var toldBeliefs: [(text: String, percent: Double)] = []

    /// Nil when memory is short.
    init?(_ scenario: ChaosScenario, truths: [DeviceTruth], profiles: [DeviceProfile], tell: ((String) -> Void)? = nil) {
        self.scenario = scenario
        self.profiles = profiles
        self.tell = tell
        let name = scenario.followed ?? scenario.only
        followed = tell == nil ? nil : truths.firstIndex { $0.name == name }
        var configuration = CoreConfiguration()
        var shop = ReplenishmentPolicy.Supplier(name: ChaosSupplier.name)
        shop.consolidationMilliseconds = 4 * 3_600_000
        configuration.replenishment.suppliers = [shop]
        configuration.maximumDevices = max(2 * truths.count, 100)
        self.configuration = configuration
        guard let core = StewardCore(configuration: configuration, profiles: profiles) else { return nil }
        self.core = core
        var counts = ChaosCounts()
        devices = truths.map { ChaosDevice($0, scenario, &counts) }
        self.counts = counts
        stories = truths.map { _ in Story(length: scenario.storyLength) }
        checker = TruthChecker(truths: truths)
        supplier = ChaosSupplier(scenario)
        for _ in 0..<supplier.downCount { self.counts.count(.supplierDownForHours) }
        windows = ChaosWindows(scenario, truths)
        gatewayDice = SplitMix64(seed: scenario.seed, name: "gateway")
        brokerDice = SplitMix64(seed: scenario.seed, name: "broker")
        for (number, truth) in truths.enumerated() { deviceNamed[truth.name] = number }
        for truth in truths { countTruth(truth) }
        tick.append(.tick)
    }

    private func countTruth(_ truth: DeviceTruth) {
        for cartridge in truth.cartridges where cartridge.installedMilliseconds != nil {
            if cartridge.isRefurbished { counts.count(.cartridgeRefurbished) }
            if cartridge.ended?.why == .early { counts.count(.cartridgeSwappedEarly) }
        }
        for _ in truth.slots.flatMap(\.absences) { counts.count(.cartridgeTakenOut) }
        for _ in 0..<truth.exchanges { counts.count(.cartridgesExchanged) }
        for _ in truth.replacements { counts.count(.printerReplaced) }
        if truth.tellsLevelsByAlertOnly { counts.count(.levelToldByAlertOnly) }
    }

    // MARK: The year

    func run() {
        feed(messages: []) { segment in
            segment.append(.connected(sessionPresent: false))
            for window in windows.planned { segment.append(.addMaintenance(window)) }
        }
        for device in devices.indices { planDevice(device) }
        planGateway()
        var last = Int64.min
        while let next = queue.nextMilliseconds, next < scenario.endMilliseconds {
            // What is due by the gateway's clock comes first, as its timer would see to it.
            if isGatewayUp, let due = core.nextDueMilliseconds, due > last, due - gatewayOffset + patience <= next {
                last = due
                now = max(now, due - gatewayOffset + patience)
                step(&tick)
                continue
            }
            guard let (at, event) = queue.pop() else { break }
            last = .min
            now = max(now, at)
            happen(event)
        }
        now = scenario.endMilliseconds
        checker.finish()
    }

    /// While no command is under way a timer may be late by a minute, as on a busy machine: a year has a million half minutes, and the core wants
    /// to look for silent devices in each.
    private var patience: Int64 { now - lastCommand < 900_000 ? 0 : 60_000 }

    private func happen(_ event: Event) {
        switch event {
        case .report(let device): regularReport(device)
        case .extraReport(let device): send(device, devices[device].report(at: now))
        case .faultBegins(let device): faultBegins(device)
        case .faultEnds(let device, let fault): faultEnds(device, fault)
        case .deviceLeaves(let device): deviceLeaves(device, for: nil)
        case .deviceReturns(let device): deviceReturns(device)
        case .levelTrouble(let device, let kind): levelTrouble(device, kind)
        case .clockTrouble(let device, let kind): clockTrouble(device, kind)
        case .rename(let device): rename(device)
        case .gatewayEnds: gatewayEnds()
        case .gatewayReturns: gatewayReturns()
        case .brokerEnds: brokerEnds()
        case .brokerReturns: brokerReturns()
        case .gatewayClockSteps(let step): stepGatewayClock(step)
        case .arrives(let device, let message): arrive([(device, message)])
        case .sendCommand(let delivery): sendCommand(delivery)
        case .commandArrives(let device, let command): execute(command, device)
        case .answer(let device, let message): send(device, message)
        case .attempt(let key): attempt(key)
        case .supplierReports(let report, let order): supplierReports(report, order: order)
        case .parcelArrives(let order): checker.delivered(order: order, at: now)
        case .orderAgain(let order, let device, let slot): orderAgain(order, device, slot)
        case .countCupboard(let item):
            tellCore(.order(.stockCounted(item: item, units: checker.unitsInCupboard(item, at: now), by: "ann")))
        case .control(let event): tellCore(event)
        case .restart: restart()
        }
    }

    func add(_ event: Event, after milliseconds: Int64) { queue.add(event, at: now + max(milliseconds, 0)) }

    // MARK: The core

    /// An event that is no message; it waits while the gateway is down.
    func tellCore(_ event: ControlEvent) {
        guard isGatewayUp else { return add(.control(event), after: 600_000) }
        feed(messages: []) { $0.append(event) }
    }

    /// A segment of messages, behind what `begin` appends.
    func feed(
        messages: [(device: Int, message: ChaosDevice.Message)], isRetained: Bool = false, _ begin: (inout Segment) -> Void = { _ in }
    ) {
        segment.reset()
        begin(&segment)
        for (device, message) in messages {
            packetID = packetID == .max ? 1 : packetID + 1
            segment.append(topic: message.topic, payload: message.payload, isRetained: isRetained, packetID: packetID)
            note(device, .message, message.payload)
            guard !isRetained else { continue }
            checker.count(message: message.tellsFault, device: device)
            lastDelivered.append((device, message, packetID))
        }
        if lastDelivered.count > 4 { lastDelivered.removeFirst(lastDelivered.count - 4) }
        step(&segment)
        tellBeliefs()
        // The core looks for silent devices before it takes the messages of a segment.
        if !isRetained { for (device, _) in messages { devices[device].heard = now } }
    }

    func step(_ segment: inout Segment) {
        segment.firstEvent = eventNumber
        segment.arrivalMilliseconds = now + gatewayOffset
        eventNumber += Int64(segment.count)
        effects.removeAll(keepingCapacity: true)
        core.step(segment, into: &effects)
        guard !effects.isEmpty else { return }
        for effect in effects { take(effect) }
    }

    func note(_ device: Int, _ kind: Story.Kind, _ text: [UInt8]) {
        stories[device].add(kind, text, at: now)
        if device == followed { tell?(Story.line(kind, text, at: now)) }
    }

    func story(_ device: Int) -> [String] { ["\(devices[device].truth.name): \(devices[device].traits)"] + stories[device].lines }

    func note(_ device: Int, _ text: String) { note(device, .world, Array(text.utf8)) }

    /// The state through a snapshot is the state, or a restart would change what is decided.
    func restart() {
        var bytes: [UInt8] = []
        do {
            try core.writeSnapshot { bytes += $0 }
            guard let restored = try StewardCore(configuration: configuration, profiles: profiles, snapshot: bytes) else { return }
            if restored.digest() != core.digest() {
                let lines = Set(core.digestLines()).symmetricDifference(restored.digestLines()).sorted()
                checker.violate(.invariant, at: now, device: "", "a snapshot gives another state", story: Array(lines.prefix(10)))
            }
            core = restored
        } catch {
            checker.violate(.invariant, at: now, device: "", "a snapshot cannot be read: \(error)")
        }
        checker.count(restartWithStateBytes: core.stateBytes)
    }
}

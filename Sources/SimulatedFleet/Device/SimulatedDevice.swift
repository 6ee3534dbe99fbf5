/// One simulated device: reports of the past, then live ones, faults, and commands.
///
/// It knows no clock and does no I/O. The same seed, plan and calls give the same bytes, and it does not matter whether time is
/// passed in many small steps or few large ones.
public struct SimulatedDevice: Sendable {
    public let id: String
    public let kind: DeviceKind
    let plan: DevicePlan
    var model: any DeviceModel
    var generator: SplitMix64
    var fault: DeviceFault?
    private var clock: Int64
    private var nextReportAt: Int64
    private var nextFaultAt: Int64
    private var answers = AnsweredRequests()
    private var happenings: [FleetHappening] = []

    public static let maximumHappenings = 64

    public init(id: String, kind: DeviceKind, plan: DevicePlan, seed: UInt64) {
        self.id = id
        self.kind = kind
        self.plan = plan
        var generator = SplitMix64(seed: seed, name: id)
        switch kind {
        case .officePrinter: model = PaperPrinter(labels: false, plan: plan, generator: &generator)
        case .labelPrinter: model = PaperPrinter(labels: true, plan: plan, generator: &generator)
        case .filamentPrinter: model = FilamentPrinter(plan: plan, generator: &generator)
        case .pump: model = Machine(pump: true, plan: plan, generator: &generator)
        case .compressor: model = Machine(pump: false, plan: plan, generator: &generator)
        }
        self.generator = generator
        clock = kind.tellsItsPast ? plan.historyStart : plan.liveStart
        nextReportAt = clock
        nextFaultAt = .max
        if clock >= plan.liveStart { nextReportAt = plan.liveStart + plan.phaseMilliseconds }
        scheduleFault(after: plan.liveStart + plan.phaseMilliseconds)
    }

    // MARK: Time

    /// Lets time pass and returns what the device publishes until then, in the order of its event times. Going back does nothing.
    public mutating func step(to milliseconds: Int64) -> [FleetMessage] {
        var messages: [FleetMessage] = []
        while let at = nextEventAt(until: milliseconds) {
            // A fault begins or ends before the report of the same moment, which then tells it.
            if let open = fault, open.endsAt <= at {
                mend(open, at: at)
            } else if fault == nil, nextFaultAt <= at {
                begin(at: at)
            } else {
                advance(to: at)
                nextReportAt = following(at)
                messages.append(message(model.report(at: at, fault: fault?.kind)))
            }
        }
        return messages
    }

    /// Skips a span of time without producing its reports.
    public mutating func skip(to milliseconds: Int64) {
        guard milliseconds > nextReportAt else { return }
        nextReportAt = max(milliseconds, plan.liveStart + plan.phaseMilliseconds)
    }

    private func nextEventAt(until limit: Int64) -> Int64? {
        let event = min(nextReportAt, fault?.endsAt ?? nextFaultAt)
        return event <= limit ? max(event, clock) : nil
    }

    private func following(_ at: Int64) -> Int64 {
        let firstLive = plan.liveStart + plan.phaseMilliseconds
        if at < plan.liveStart {
            let next = at + WorkingHours.hourMilliseconds
            return next < plan.liveStart ? next : firstLive
        }
        return at + plan.reportMilliseconds
    }

    private mutating func advance(to at: Int64) {
        guard at > clock else { return }
        // The demo is watched at any hour, so the live phase is never quite idle.
        let activity = at < plan.liveStart ? WorkingHours.activity(at: at) : max(0.6, WorkingHours.activity(at: at))
        model.advance(Passage(milliseconds: at - clock, at: at, activity: activity, fault: fault?.kind), generator: &generator)
        clock = at
    }

    private func message(_ payload: [UInt8]) -> FleetMessage {
        FleetMessage(topic: kind == .filamentPrinter ? "device/\(id)/report" : "devices/\(id)/telemetry", payload: payload)
    }

    // MARK: Faults

    private mutating func scheduleFault(after: Int64) {
        guard plan.faultsPerHour > 0 else {
            nextFaultAt = .max
            return
        }
        let wait = 3_600_000 / plan.faultsPerHour
        nextFaultAt = after + 3_000 + Int64(min(generator.waiting(mean: wait), 1e12))
    }

    private mutating func begin(at: Int64) {
        advance(to: at)
        let weights = FaultKind.weights(of: kind)
        begin(weights[generator.index(weights: weights.map(\.weight))].fault, at: at)
    }

    mutating func begin(_ kind: FaultKind, at: Int64) {
        fault = DeviceFault(kind: kind, at: at, generator: &generator)
        nextFaultAt = .max
        // A device tells a change of its state at once.
        nextReportAt = min(nextReportAt, max(at, clock))
        if kind != .maintenance { note(.faultBegan(device: id)) }
    }

    private mutating func mend(_ open: DeviceFault, at: Int64) {
        advance(to: at)
        fault = nil
        if open.kind == .filamentOut { _ = model.install(supply: "filament.0.0") }
        nextReportAt = min(nextReportAt, max(at, clock))
        scheduleFault(after: at)
        guard open.kind != .maintenance else { return }
        note(.recovered(device: id, byCommand: open.isMendedByCommand, afterMilliseconds: at - open.since))
    }

    private mutating func note(_ happening: FleetHappening) {
        if happenings.count < Self.maximumHappenings { happenings.append(happening) }
    }

    /// What a customer noticed since the last call.
    public mutating func drainHappenings() -> [FleetHappening] {
        guard !happenings.isEmpty else { return [] }
        defer { happenings.removeAll(keepingCapacity: true) }
        return happenings
    }

    // MARK: Supplies

    /// Percent, nil where the device does not know or has no such slot.
    public func level(of supply: String) -> Double? { model.level(of: supply) }

    /// Puts a fresh cartridge in. False when there is no such slot.
    public mutating func install(supply: String, at: Int64) -> Bool {
        guard model.install(supply: supply) else { return false }
        if fault?.kind == .filamentOut, supply == "filament.0.0" { fault?.endsAt = max(at, clock) }
        nextReportAt = min(nextReportAt, max(at, clock))
        note(.installed(device: id, supply: supply))
        return true
    }

    // MARK: Commands

    /// Takes a command. A request that came before is answered as then, and not acted upon again.
    public mutating func receive(topic: String, payload: [UInt8], at: Int64) -> (messages: [FleetMessage], disposition: CommandDisposition)
    {
        guard let request = DeviceRequest(topic: topic, payload: payload, device: id, kind: kind) else { return ([], .ignored) }
        if case .everything = request.action {
            tellEverything(at: at)
            return ([], .answered)
        }
        guard case .command(let name, let requestID) = request.action else { return ([], .ignored) }
        if let earlier = answers[requestID] {
            guard let earlier else { return ([], .ignored) }
            return ([reply(earlier, name: name, requestID: requestID, at: at)], .repeated)
        }
        let answer = act(name, at: at)
        answers.remember(requestID, answer)
        guard let answer else { return ([], .ignored) }
        return ([reply(answer, name: name, requestID: requestID, at: at)], .answered)
    }

    private mutating func tellEverything(at: Int64) {
        guard var printer = model as? FilamentPrinter else { return }
        printer.forgetTold()
        model = printer
        nextReportAt = min(nextReportAt, max(at, clock))
    }

    /// Nil where the device says nothing.
    private mutating func act(_ name: String, at: Int64) -> DeviceAnswer? {
        guard DeviceRequest.commands(of: kind).contains(name) else { return .failed("unknown command") }
        guard var open = fault, open.kind.traits.remedies.contains(name) else {
            if case .silent? = fault?.temper { return nil }
            return .ok
        }
        open.commandsTaken += 1
        defer { fault = open }
        switch open.temper {
        case .silent: return nil
        case .stubborn(let admitsIt): return admitsIt ? .failed("the fault is still there") : .ok
        case .reluctant where open.commandsTaken == 1: return .failed("not now, try again")
        case .obliging, .reluctant:
            guard !open.isMendedByCommand else { return .ok }
            open.isMendedByCommand = true
            open.endsAt = min(open.endsAt, max(at, clock) + generator.integer(2_000...5_000))
            model.commandDone(name)
            return .ok
        }
    }

    private func reply(_ answer: DeviceAnswer, name: String, requestID: String, at: Int64) -> FleetMessage {
        kind == .filamentPrinter
            ? FleetMessage(topic: "device/\(id)/report", payload: answer.bambuPayload(command: name, requestID: requestID))
            : FleetMessage(topic: "devices/\(id)/replies", payload: answer.nativePayload(requestID: requestID, at: at))
    }
}

import ConsumableForecast
import Documents
import FaultDetection
import GatewayCore
import RemoteSupport
import Replenishment
import SampleCodec
import ServiceValue
import Telemetry

/// What people and programs ask about the state, written as JSON. The HTTP API hands these out as they are.
extension StewardCore {
    public struct Totals: Sendable {
        public var devices = 0
        public var silent = 0
        /// Devices whose clock is wrong.
        public var wrongClocks = 0
        public var down = 0
        public var activeAlarms = 0
        public var unacknowledgedAlarms = 0
        public var shelvedAlarms = 0
        public var suppressedAlarms = 0
        public var flappingAlarms = 0
        /// Alarms whose dispatch waits.
        public var heldAlarms = 0
        public var openWindows = 0
        public var openRuns = 0
        public var openOrders = 0
        public var overdueOrders = 0
        public var ordersByState: [SupplyOrder.State: Int] = [:]
        public var openTickets = 0
        public var unseenStoreDamage = 0
        public var watchedMetrics = 0
        public var refusedMetrics = 0
        public var incidents: Int64 = 0
        public var remotelyHandled: Int64 = 0
        public var downtimeMilliseconds: Int64 = 0
    }

    public func totals() -> Totals {
        var totals = Totals()
        totals.devices = deviceCount
        totals.watchedMetrics = watchedMetrics
        totals.refusedMetrics = refusedWatches
        totals.openRuns = support.openRuns.count
        totals.unseenStoreDamage = storeDamage.unseen
        for device in fleet.devices.indices {
            if fleet.devices[device].isSilent { totals.silent += 1 }
            if clock(of: device).isWrong { totals.wrongClocks += 1 }
            guard let incidents = availability.state(of: device)?.incidents else { continue }
            totals.incidents += incidents.closedCount
            totals.remotelyHandled += incidents.remotelyHandledCount
            totals.downtimeMilliseconds += incidents.downtimeMilliseconds
            if let open = incidents.open {
                totals.down += 1
                totals.incidents += 1
                totals.downtimeMilliseconds += max(0, fleet.devices[device].newestMilliseconds &- open.onsetMilliseconds)
            }
        }
        for alarm in alarms.all { count(alarm, &totals) }
        totals.heldAlarms = alarms.held.count
        totals.openWindows = maintenance.openWindows.count
        countOrders(&totals)
        for id in support.tickets.ids where support.tickets[id]?.state == .open { totals.openTickets += 1 }
        return totals
    }

    /// Members for `/api/v1/status`.
    public func writeStatus(_ writer: inout JSONWriter) {
        let totals = totals()
        writer.key("devices")
        writer.beginObject()
        writer.member("total", totals.devices)
        writer.member("down", totals.down)
        writer.member("silent", totals.silent)
        writer.member("wrongClocks", totals.wrongClocks)
        writer.endObject()
        writer.key("memory")
        writer.beginObject()
        let bytes = stateBytes
        writer.member("stateBytes", bytes)
        if totals.devices > 0 { writer.member("bytesPerDevice", bytes / totals.devices) }
        writer.endObject()
        writer.member("activeAlarms", totals.activeAlarms)
        writer.member("unacknowledgedAlarms", totals.unacknowledgedAlarms)
        writer.member("shelvedAlarms", totals.shelvedAlarms)
        writer.member("suppressedAlarms", totals.suppressedAlarms)
        writer.member("flappingAlarms", totals.flappingAlarms)
        writer.member("heldAlarms", totals.heldAlarms)
        writer.member("openMaintenanceWindows", totals.openWindows)
        writer.member("openCommands", totals.openRuns)
        writer.member("openOrders", totals.openOrders)
        writer.member("overdueOrders", totals.overdueOrders)
        writer.member("openTickets", totals.openTickets)
        writer.member("unseenStoreDamage", totals.unseenStoreDamage)
        writer.key("downtime")
        writer.beginObject()
        writer.member("incidents", totals.incidents)
        writer.member("remotelyHandled", totals.remotelyHandled)
        writer.member("milliseconds", totals.downtimeMilliseconds)
        writer.endObject()
        writer.member("messages", counters.messages)
        writer.member("alarmsRaised", counters.alarmsRaised)
        writer.member("commandsSent", counters.commandsSent)
        writer.member("mended", counters.runsMended)
        writer.member("ordersPlaced", counters.ordersPlaced)
        writer.member("deadLetters", counters.deadLetters)
        writer.key("experience")
        writer.beginObject()
        for question in SurveyQuestion.allCases {
            writer.key(question.rawValue)
            guard let score = experience.scores.score(question) else {
                writer.null()
                continue
            }
            writer.beginObject()
            writer.member("value", score.value)
            writer.member("low", score.low)
            writer.member("high", score.high)
            writer.member("answers", score.answerCount)
            writer.endObject()
        }
        writer.endObject()
    }

    /// Places of devices, vacant ones included.
    public var devicePlaces: Int { fleet.records.count }

    /// The id of the device at a place; nil when it is vacant or beyond the last.
    public func deviceID(at place: Int) -> String? {
        let device = DeviceIndex(place: Int32(clamping: place))
        return fleet.records.contains(device) && !fleet.devices[device].isVacant ? fleet.records[device].id : nil
    }

    /// A device as listings show it; false when there is none of that id.
    public func writeSummary(device id: String, _ writer: inout JSONWriter) -> Bool {
        guard let index = fleet.device(named: id) else { return false }
        writer.beginObject()
        writeSummary(index, &writer)
        writer.endObject()
        return true
    }

    private func writeSummary(_ device: DeviceIndex, _ writer: inout JSONWriter) {
        let layout = fleet.profiles[fleet.devices[device].profile].layout
        let record = fleet.records[device]
        let downtime = availability.state(of: device)
        writer.member("device", record.id)
        writer.member("profile", layout.profile.name)
        writer.member("status", statusText(device))
        writer.member("equipmentState", (downtime?.ledger.state ?? .unknown).text)
        writer.member("lastEvent", fleet.devices[device].newestMilliseconds == .min ? nil : fleet.devices[device].newestMilliseconds)
        writer.member("lastArrival", fleet.devices[device].arrivalMilliseconds == .min ? nil : fleet.devices[device].arrivalMilliseconds)
        writer.member("silent", fleet.devices[device].isSilent)
        writeExpectation(of: device, &writer)
        writeClock(of: device, &writer)
        writer.member("messages", fleet.devices[device].messages)
        writer.member("availability", downtime?.ledger.totals(atMilliseconds: fleet.devices[device].newestMilliseconds).availability)
        writer.key("alarms")
        writer.beginArray()
        for alarm in alarms.standingAlarms(of: device) { writer.string(alarm.condition) }
        writer.endArray()
        writer.key("supplies")
        writer.beginArray()
        for (slot, supply) in zip(layout.supplies, supplies.supplies(of: device)) where fleet.hasShown(slot, device) {
            let priors = supplies.learning(of: fleet.base(of: device)).priors
            writeSupply(slot, supply, priors, fleet.devices[device].newestMilliseconds, &writer)
        }
        writer.endArray()
    }

    /// Where the time comes from within which a device is expected to say something.
    enum Expectation: String { case profile, learned, young }

    func expectation(of device: DeviceIndex) -> Expectation {
        if fleet.profiles[fleet.devices[device].profile].layout.profile.silentAfterMilliseconds != nil { return .profile }
        return presence.habit(of: device).isYoung ? .young : .learned
    }

    /// `"expected": {"withinSeconds", "from", "gaps"}`: when the device counts as silent, and from how many gaps that was learned.
    func writeExpectation(of device: DeviceIndex, _ writer: inout JSONWriter) {
        let expectation = expectation(of: device)
        writer.object("expected") { writer in
            writer.member("withinSeconds", Double(presence.limit(of: device, fleet)) / 1000)
            writer.member("from", expectation.rawValue)
            if expectation != .profile { writer.member("gaps", Int(presence.habit(of: device).learnedGaps)) }
        }
    }

    /// Nothing while it is right.
    func writeClock(of device: DeviceIndex, _ writer: inout JSONWriter) {
        let clock = clock(of: device)
        guard clock.isWrong else { return }
        writer.object("clock") { writer in
            if let frozen = clock.frozenMilliseconds {
                writer.member("frozenAt", frozen)
            } else {
                writer.member("aheadMilliseconds", clock.offsetMilliseconds)
            }
            writer.member("text", clock.words)
        }
    }

    private func statusText(_ device: DeviceIndex) -> String? {
        let profile = fleet.devices[device].profile
        let slot = fleet.profiles[profile].derived.statusSlot
        return fleet.value(device, slot).known.map { fleet.profiles[profile].layout[slot].text(of: $0) }
    }

    private func writeSupply(_ slot: SupplySlot, _ supply: SupplyState, _ priors: FleetPriors, _ time: Int64, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("supply", slot.name)
        writer.key("levelPercent")
        if let level = supply.model.levelPercent { writer.number(level) } else { writer.null() }
        writeReported(supply, &writer)
        writer.member("generation", Int64(supply.model.generation))
        switch supply.model.forecast(atMilliseconds: time, fleet: priors) {
        case .estimate(let estimate):
            writer.key("daysLeft")
            writer.beginArray()
            for days in [estimate.daysLeftP5, estimate.daysLeftP50, estimate.daysLeftP95] { writer.number(days) }
            writer.endArray()
            writer.member("percentPerPage", estimate.percentPerPage)
            writer.member("pagesPerDay", estimate.pagesPerDay)
        case .notEnoughEvidence(let missing):
            writer.key("daysLeft")
            writer.null()
            writer.member("missingEvidence", missing.rawValue)
        }
        writer.member("order", supply.order)
        writer.endObject()
    }

    /// What the device says of the level now and of the supply that is in it.
    private func writeReported(_ supply: SupplyState, _ writer: inout JSONWriter) {
        if let level = supply.reported {
            writer.key("reported")
            writer.beginObject()
            writer.members(of: level)
            writer.endObject()
        }
        writer.member("label", supply.facts?.label)
        writer.member("type", supply.facts?.type)
        writer.member("partNumber", supply.facts?.partNumber)
        writer.member("serialNumber", supply.facts?.serialNumber)
    }

    /// Everything about one device; false when there is none of that id.
    public func writeDevice(_ id: String, _ writer: inout JSONWriter) -> Bool {
        guard let device = fleet.device(named: id) else { return false }
        let layout = fleet.profiles[fleet.devices[device].profile].layout
        writer.beginObject()
        writeSummary(device, &writer)
        writer.key("metrics")
        writer.beginArray()
        for (index, slot) in layout.slots.enumerated() {
            if let metric = fleet.metric(device, SlotIndex(index)), metric.isTold { writeMetric(slot, metric, &writer) }
        }
        writer.endArray()
        let downtime = availability.state(of: device)
        let totals = (downtime?.ledger ?? DowntimeLedger()).totals(atMilliseconds: fleet.devices[device].newestMilliseconds)
        writer.key("time")
        writer.beginObject()
        for state in EquipmentState.allCases { writer.member(state.text + "Milliseconds", totals[state]) }
        writer.endObject()
        writeIncidents(downtime?.incidents ?? IncidentLog(device: id), &writer)
        writer.key("activeAlarms")
        writer.beginArray()
        for alarm in alarms.standingAlarms(of: device) { write(alarm, &writer) }
        writer.endArray()
        writer.endObject()
        return true
    }

    private func writeMetric(_ slot: MetricSlot, _ metric: MetricState, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("metric", slot.name)
        writer.member("kind", slot.kind.rawValue)
        if !slot.unit.isEmpty { writer.member("unit", slot.unit) }
        writer.key("value")
        if metric.isUnknown {
            writer.null()
        } else if slot.kind == .state {
            writer.string(slot.text(of: metric.value))
        } else {
            writer.number(metric.value)
        }
        // A retained message tells a value, but not when it was measured.
        if metric.timeMilliseconds > MetricState.retained {
            writer.member("time", metric.timeMilliseconds)
        } else {
            writer.member("retained", true)
        }
        writer.endObject()
    }

    private func writeIncidents(_ log: IncidentLog, _ writer: inout JSONWriter) {
        writer.key("incidents")
        writer.beginArray()
        for incident in log.closed + [log.open].compactMap({ $0 }) {
            writer.beginObject()
            writer.member("incident", incident.id)
            writer.member("onset", incident.onsetMilliseconds)
            writer.member("restored", incident.restoredMilliseconds)
            writer.outcome(of: incident)
            writer.endObject()
        }
        writer.endArray()
    }

    public func hasDevice(_ id: String) -> Bool { fleet.device(named: id) != nil }

    /// The samples of a metric that are not in a closed chunk yet, in the order of their arrival, and its unit; nil when there is no
    /// such device or metric.
    public func openSamples(device: String, metric: String) -> (samples: [Sample], unit: String)? {
        guard let index = fleet.device(named: device) else { return nil }
        let layout = fleet.profiles[fleet.devices[index].profile].layout
        guard let slot = layout.slot(named: metric), let samples = fleet.openSamples(index, slot) else { return nil }
        return (samples, layout[slot].unit)
    }
}

extension EquipmentState {
    /// The name in the API.
    public var text: String {
        switch self {
        case .productive: "productive"
        case .standby: "standby"
        case .unscheduledDowntime: "unscheduledDowntime"
        case .scheduledDowntime: "scheduledDowntime"
        case .unknown: "unknown"
        }
    }
}

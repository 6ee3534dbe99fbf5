import ConsumableForecast
import FaultDetection
import Hashing
import SampleCodec
import ServiceValue
import Telemetry

/// The hot path: a message that changes nothing is found, decoded and noted, and nothing is allocated.
extension StewardCore {
    mutating func message(_ frame: Segment.Frame, number: Int64) {
        out.counters.messages &+= 1
        let hash = ContentHash.combine(ContentHash.combine(ContentHash.seed, frame.topic), frame.payload)
        if frame.isDuplicate || repeats.isWaiting {
            if isHeldBack(frame, hash: hash, number: number) { return }
        } else {
            repeats.note(hash, id: frame.packetID, atMilliseconds: now)
        }
        read(frame, number)
    }

    /// A message that is to be taken, whichever way it came.
    mutating func read(_ frame: Segment.Frame, _ number: Int64) {
        find(frame, number)
        if !trouble.isEmpty { tellTrouble(frame, number) }
    }

    @inline(__always)
    mutating func find(_ frame: Segment.Frame, _ number: Int64) {
        if !quarantined.isEmpty, quarantined.contains(number) {
            return reject(nil, "the program died on this message again and again; it is set aside")
        }
        let place = fleet.topics.hash(frame.topic)
        let known =
            frame.payload.isEmpty
            ? routeOfEmpty(frame, hash: place, number)
            : fleet.topics.find(frame.topic, hash: place)
                ?? resolve(frame, hash: place, number)
        guard let route = known else { return }
        take(route, frame, number)
        var next = Int(route.next)
        while next >= 0 {
            take(fleet.topics.further[next], frame, number)
            next = Int(fleet.topics.further[next].next)
        }
        if decoder.hasFurtherDocuments { takeFurther(frame, number) }
    }

    @inline(__always)
    private mutating func take(_ route: TopicTable.Route, _ frame: Segment.Frame, _ number: Int64) {
        let device = route.device
        let profile = route.profile
        do {
            if frame.payload.isEmpty, isCleared(route) {
                clear(route, frame)
            } else if route.message >= 0, fleet.profiles[profile].layout.isPlainMessage[Int(route.message)] {
                try decoder.decode(
                    frame.payload, message: Int(route.message), root: route.root, layout: &fleet.profiles[profile].layout, into: &decoded)
                if !fleet.profiles[profile].layout.growth.isNothing, followGrowth(device, profile) {
                    return try takeAgain(device, route, frame)
                }
                if !decoded.clearedGroups.isEmpty { addUnknowns(device, profile, below: decoded.clearedGroups) }
                apply(decoded, device, profile, isRetained: frame.isRetained)
            } else if route.message >= 0 {
                try parts(route, frame, number)
            }
            if route.reply >= 0, !frame.isRetained || !frame.payload.isEmpty, mayBeAnswer(route) { try reply(route, frame) }
        } catch {
            reject(fleet.profiles[profile].layout.profile.name, error.description)
            heard(route, frame)
        }
    }

    /// With the layout that the device has of its own now.
    private mutating func takeAgain(_ device: DeviceIndex, _ route: TopicTable.Route, _ frame: Segment.Frame)
        throws(DecodeError)
    {
        let profile = fleet.devices[device].profile
        guard let root = root(profile, message: Int(route.message), topic: frame.topic) else { return }
        try decoder.decode(frame.payload, message: Int(route.message), root: root, layout: &fleet.profiles[profile].layout, into: &decoded)
        _ = followGrowth(device, profile)
        if !decoded.clearedGroups.isEmpty { addUnknowns(device, profile, below: decoded.clearedGroups) }
        apply(decoded, device, profile, isRetained: frame.isRetained)
    }

    /// Notes that the message, or a part of it, cannot be used. What is noted becomes one dead letter when the message is done.
    mutating func reject(_ profile: String?, _ reason: String) { trouble.note(profile, reason) }

    /// One dead letter for everything that was noted: however many parts fail, the payload is copied once.
    mutating func tellTrouble(_ frame: Segment.Frame, _ number: Int64) {
        let told = trouble
        trouble = MessageTrouble()
        out.counters.deadLetters &+= 1
        out.budgets.count(.partsFailed, told.count - 1)
        out.budgets.count(.partsDropped, told.droppedParts)
        out.effects.append(
            .deadLetter(
                DeadLetter(
                    event: number, arrivalMilliseconds: replayedArrivalMilliseconds ?? now, topic: Array(frame.topic),
                    payload: Array(frame.payload), reason: told.reason(parts: budget.parts(of: number)),
                    profile: told.profile, isRetained: frame.isRetained)))
    }

    /// Takes a message that was decoded. `isHistorical`: the device says that it tells of the past. `isWordOfLife`: the topic tells who is there.
    mutating func apply(
        _ message: DecodedMessage, _ device: DeviceIndex, _ profile: ProfileIndex, isRetained: Bool, isHistorical: Bool = false,
        isWordOfLife: Bool = false
    ) {
        if message.fieldProblems > 0 { fieldProblem(message, device, profile) }
        if message.impossibleValues > 0 { out.budgets.count(.impossibleValues, message.impossibleValues) }
        fleet.devices[device].messages &+= 1
        out.counters.readings &+= Int64(message.readings.count)
        let time = eventTime(message, device, isLive: !isRetained && !isHistorical && !presence.isCatchingUp)
        if isRetained { return applyRetained(message, device) }
        if replayedArrivalMilliseconds == nil {
            let wasSilent = fleet.devices[device].isSilent
            if wasSilent, !isWordOfLife, isLeaving(device) {
                return take(message, device, profile, at: time, isHistorical: isHistorical)
            }
            let lastHeard = fleet.devices[device].arrivalMilliseconds
            presence.hear(device, &fleet, at: now)
            if wasSilent {
                presence.spokeAgain(device, at: time, &fleet, &out)
                drain()
            }
            if wasSilent || mayBeBacklog, isBacklog(message, device, profile, at: time, wasSilent: wasSilent, lastHeard: lastHeard) {
                return
            }
        }
        take(message, device, profile, at: time, isHistorical: isHistorical)
    }

    @inline(__always)
    private mutating func take(
        _ message: DecodedMessage, _ device: DeviceIndex, _ profile: ProfileIndex, at time: Int64, isHistorical: Bool
    ) {
        if time < fleet.devices[device].newestMilliseconds || isHistorical {
            return takeOlder(message, device, profile, at: time, isHistorical: isHistorical)
        }
        let allowed = fleet.profiles[profile].layout.profile.allowedLatenessMilliseconds
        if allowed > 0 { return takeInOrder(message, device, profile, at: time, allowed: allowed) }
        moveNewest(device, to: time)
        fleet.devices[device].isNewestByArrival = fleet.devices[device].isDatedByArrival
        takePresent(message, device, profile, time)
    }

    /// What a message says that is not older than what is known of it.
    @inline(never)
    mutating func takePresent(_ message: DecodedMessage, _ device: DeviceIndex, _ profile: ProfileIndex, _ time: Int64) {
        if fleet.profiles[profile].derived.hasHints { noteHints(message, device, profile, inOrder(time, device)) }
        let wasDown = fleet.devices[device].isDownByCode
        if fleet.profiles[profile].derived.hasDownCodes {
            let news = message.alerts.filter { $0.list < 4 && changes($0, device, profile) }
            if !news.isEmpty { noteDownCodes(device, with: news.map { codeReport($0, device, profile) }) }
        }
        takeAll(message, device, profile, time)
        for alerts in message.alerts where alerts.list < 4 {
            fleet.devices[device].note(list: alerts.list, at: time)
            if changes(alerts, device, profile) { take(codeReport(alerts, device, profile), device, at: time) }
        }
        if fleet.devices[device].isDownByCode != wasDown { tellDownByCode(device, at: time) }
        followUp(device, profile, lists: message.alerts.map(\.list), time)
    }

    /// What the readings of a message may have set free. `lists` are those of the codes that it told.
    @inline(__always)
    mutating func followUp(_ device: DeviceIndex, _ profile: ProfileIndex, lists: @autoclosure () -> [Int], _ time: Int64) {
        if !fleet.profiles[profile].derived.faults.silenceRules.isEmpty, replayedArrivalMilliseconds == nil {
            lookForMissing(device, profile, time)
        }
        watchMachine(device, profile, at: time)
        drain()
        guard alarms.awaitsConfirmation(device), out.isFresh(time) else { return }
        alarms.confirm(device, lists: lists(), fleet, &out)
        drain()
    }

    // MARK: Codes

    /// Where the pointer captures, a device has several lists, and one hash says nothing about them.
    @inline(__always)
    private func changes(_ alerts: ReportedAlerts, _ device: DeviceIndex, _ profile: ProfileIndex) -> Bool {
        if fleet.devices[device].alertHashes[alerts.list] != alerts.hash { return true }
        return fleet.profiles[profile].derived.isCapturedList[alerts.list]
            && (alerts.hash != ReportedAlerts.emptyHash || alarms.hasReported(device, list: alerts.list))
    }

    /// What the codes of a message say of supplies counts for the levels of the same message.
    private mutating func noteHints(_ message: DecodedMessage, _ device: DeviceIndex, _ profile: ProfileIndex, _ time: Int64) {
        let derived = fleet.profiles[profile].derived
        for alerts in message.alerts where alerts.list < 4 && derived.isHintList[alerts.list] {
            let isKnown =
                derived.isCapturedList[alerts.list]
                ? !changes(alerts, device, profile) : supplies.knowsHints(device, list: alerts.list, hash: alerts.hash)
            if !isKnown { supplies.note(codeReport(alerts, device, profile), device, at: time) }
        }
    }

    mutating func take(_ report: CodeReport, _ device: DeviceIndex, at time: Int64) {
        fleet.devices[device].alertHashes[report.list] = report.hash
        alarms.take(report, device, at: time, &out)
        drain()
    }

    /// Whether the codes that the device reports say that it cannot work. Those of a message count for the status of the same message: a
    /// device whose error is over is not down for no time at all, nor is one idle for no time whose error begins.
    mutating func noteDownCodes(_ device: DeviceIndex, with reports: [CodeReport] = []) {
        let profile = fleet.devices[device].profile
        guard fleet.profiles[profile].derived.hasDownCodes, let status = fleet.profiles[profile].layout.profile.status else { return }
        let lists = fleet.profiles[profile].layout.profile.alerts.indices
        fleet.devices[device].isDownByCode = lists.contains { list in
            let codes = reports.filter { $0.list == list }.reduce(alarms.codes(of: device, list: list)) { AlarmDesk.merged($1, into: $0) }
            return codes.contains(where: status.isDown)
        }
    }

    /// A code with which the device cannot work has come, or the last of them has gone.
    mutating func tellDownByCode(_ device: DeviceIndex, at time: Int64) {
        // Where the device tells no status, the code was all that is known to have kept it from its work.
        let otherwise: EquipmentState = fleet.devices[device].isDownByCode ? .unknown : .standby
        out.tell(.equipmentState(device, fleet.equipmentState(device) ?? otherwise, at: time))
        drain()
    }

    func codeReports(_ message: DecodedMessage, _ device: DeviceIndex, _ profile: ProfileIndex) -> [CodeReport] {
        message.alerts.filter { $0.list < 4 }.map { codeReport($0, device, profile) }
    }

    private func codeReport(_ alerts: ReportedAlerts, _ device: DeviceIndex, _ profile: ProfileIndex) -> CodeReport {
        codeReport(alerts, profile, former: alarms.codes(of: device, list: alerts.list))
    }

    /// The codes of a list of the message that was decoded last. `former` are those that held before.
    func codeReport(_ alerts: ReportedAlerts, _ profile: ProfileIndex, former all: [String]) -> CodeReport {
        let layout = fleet.profiles[profile].layout
        let scope = layout.scope(of: alerts)
        let former = scope.isEmpty ? all : all.filter { $0.hasPrefix(scope) }
        var codes = decoder.codes(of: alerts, layout: layout, former: former.map { String($0.dropFirst(scope.count)) })
        if !scope.isEmpty { for index in codes.indices { codes[index].code = scope + codes[index].code } }
        let ended = decoder.endedCodes(of: alerts, layout: layout)?.map { scope + $0 }
        return CodeReport(list: alerts.list, hash: alerts.hash, scope: scope, codes: codes, ended: ended)
    }

    // MARK: Readings

    /// The order of the members of a message means nothing, so the core has one of its own: the status first, because alarms belong
    /// to the incident that it opens; levels last, because the counter of the same message wears them.
    @inline(__always)
    mutating func takeAll(_ message: DecodedMessage, _ device: DeviceIndex, _ profile: ProfileIndex, _ time: Int64) {
        let derived = fleet.profiles[profile].derived
        var levels = 0
        for reading in message.readings where reading.slot == derived.statusSlot { take(device, profile, derived, reading, time) }
        if !derived.furtherDownSlot.isNone {
            for reading in message.readings where reading.slot == derived.furtherDownSlot {
                takeDown(device, profile, derived, reading, time)
            }
        }
        for reading in message.readings where reading.slot != derived.statusSlot && reading.slot != derived.furtherDownSlot {
            if !derived.supplies[reading.slot].isNone {
                levels += 1
            } else {
                take(device, profile, derived, reading, time)
            }
        }
        if levels > 0 {
            let levelTime = inOrder(time, device)
            if derived.hasHints, supplies.hasHints(device) { previewLevels(message, device, profile, derived) }
            for reading in message.readings where !derived.supplies[reading.slot].isNone {
                take(device, profile, derived, reading, time)
                said(message.supply(reading), device, profile, derived, derived.supplies[reading.slot], levelTime)
            }
        }
        drain()
    }

    /// A code that names only the type of a supply is weighed against what the message says of all of them.
    private mutating func previewLevels(
        _ message: DecodedMessage, _ device: DeviceIndex, _ profile: ProfileIndex, _ derived: LayoutDerived
    ) {
        for reading in message.readings where !derived.supplies[reading.slot].isNone {
            guard let said = message.supply(reading) else { continue }
            noteFacts(device, profile, said)
            supplies.preview(device, said.supply, said.level)
        }
    }

    @inline(__always)
    private mutating func said(
        _ reading: SupplyReading?, _ device: DeviceIndex, _ profile: ProfileIndex, _ derived: LayoutDerived, _ supply: SupplyIndex,
        _ time: Int64
    ) {
        if let reading, supplies.wantsFacts(device, reading) { noteFacts(device, profile, reading) }
        let counter = fleet.value(device, derived.counters[supply]).known
        var level = reading?.level ?? .unknown(.absent)
        var isHinted = false
        if derived.hasHints, supplies.hasHints(device) { (level, isHinted) = supplies.hinted(device, supply, level, at: time, fleet) }
        let former = supplies.generation(device, supply)
        let (change, since) = supplies.observe(
            device, supply, level, counter: counter, isHinted: isHinted, isRefillable: derived.isRefillable[supply],
            base: fleet.profiles[profile].base, at: time)
        switch change {
        // The fleet is handed over only here: at each reading it would be a copy of its tables' references.
        case .newGeneration(let residual):
            if supplies.hasChangedPlaces(device, supply, fleet) { break }
            supplies.replaced(device, supply, former, residual, since: since, at: time, fleet, &out)
        case .reinserted: out.tell(.cartridgePutBack(device, supply: supply))
        case .refilled(let residual, _): out.tell(.supplyRefilled(device, supply: supply, residualPercent: residual, at: time))
        case .restored: supplies.refuted(device, supply, &out)
        case .levelChanged: supplies.noteThreshold(device, supply, change, time)
        case .none, .late: break
        }
        supplies.evaluate(device, supply, level, change, at: time, &out)
    }

    /// What a message says of the supply itself.
    mutating func noteFacts(_ device: DeviceIndex, _ profile: ProfileIndex, _ reading: SupplyReading) {
        guard supplies.wantsFacts(device, reading) else { return }
        let known = supplies.state(device, reading.supply)?.facts ?? SupplyFacts()
        let facts = decoder.facts(of: reading, layout: fleet.profiles[profile].layout, updating: known)
        supplies.note(facts, hash: reading.factsHash, device, reading.supply, fleet.supplySlot(device, reading.supply))
    }

    /// After the status, so that a device that stays down is never idle for no time at all in between.
    private mutating func takeDown(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ derived: LayoutDerived, _ reading: Reading, _ time: Int64
    ) {
        let former = fleet.value(device, reading.slot).known
        take(device, profile, derived, reading, time)
        if former != fleet.value(device, reading.slot).known { tellStatus(device, at: time) }
    }

    /// The operating status changed. What a device that leaves still tells of it counts when the device is back.
    private mutating func tellStatus(_ device: DeviceIndex, at time: Int64) {
        if fleet.devices[device].isSilent, isLeaving(device) { return }
        out.tell(.equipmentState(device, fleet.equipmentState(device) ?? .unknown, at: time))
    }

    @inline(__always)
    private mutating func take(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ derived: LayoutDerived, _ reading: Reading, _ time: Int64
    ) {
        let place = fleet.takePlace(device, reading.slot)
        var reading = reading
        var begins = false
        if derived.isRate[reading.slot], !reading.isUnknown, !isPlainCount(reading, time, at: place) {
            guard let judged = judgeCounter(device, profile, reading, at: time, place: place) else { return }
            (reading.value, begins) = judged
        }
        let (last, value, isUnknown) = (fleet.metrics[place].timeMilliseconds, fleet.metrics[place].value, fleet.metrics[place].isUnknown)
        let isRepeat = last == time && value == reading.value && !isUnknown
        // What was retained is no reading: the first live one is news even when it says the same.
        let former = !begins && !isUnknown && last > MetricState.retained ? value : nil
        fleet.metrics[place].timeMilliseconds = time
        fleet.metrics[place].isUnknown = reading.isUnknown
        fleet.metrics[place].isDatedByArrival = fleet.devices[device].isDatedByArrival
        // An unknown is a state of its own: it moves no condition and leaves no sample.
        guard !reading.isUnknown else {
            if !derived.faults.isUnwatched(reading.slot) { forget(device, profile, reading.slot) }
            return
        }
        fleet.metrics[place].value = reading.value
        if !isRepeat, derived.isKept[reading.slot] { keep(device, profile, reading, time, at: place) }
        if !derived.faults.isUnwatched(reading.slot) {
            judge(device, profile, reading, time)
            if !derived.wear.isEmpty { noteWear(device, derived, reading, time) }
        }
        if derived.isWatched[reading.slot] {
            if !isRepeat { watch(device, profile, reading, former: former, last: last, at: time) }
        } else if fleet.metrics[place].watch != MetricWatch.none {
            unwatch(device, profile, reading.slot, at: time)
        }
        // Where work ends what a second metric says, also a status that is told again may do so.
        if derived.statusSlot == reading.slot, former != reading.value || derived.downEndsWithWork { tellStatus(device, at: time) }
    }

    @inline(__always)
    mutating func keep(_ device: DeviceIndex, _ profile: ProfileIndex, _ reading: Reading, _ time: Int64, at place: Int) {
        guard configuration.keepsHistory else { return }
        out.counters.historySamples &+= 1
        if fleet.keep(reading.value, atMilliseconds: time, at: place) { return }
        // The full chunk goes out, and the next one begins with this reading.
        handOutChunk(device, profile, reading.slot)
        fleet.metrics[place].encoder = SampleEncoder()
        _ = fleet.keep(reading.value, atMilliseconds: time, at: place)
    }

    /// What the open chunk of a metric holds, for the history.
    mutating func handOutChunk(_ device: DeviceIndex, _ profile: ProfileIndex, _ slot: SlotIndex) {
        let place = fleet.place(device, slot)
        guard place >= 0, fleet.metrics[place].encoder.count > 0 else { return }
        let encoder = fleet.metrics[place].encoder
        let bytes = Array(fleet.openChunk(at: place))
        // Late readings lie among the others, so neither end of the chunk need be its oldest or its newest.
        let times = bytes.withUnsafeBytes { (try? SampleChunk.decode($0, count: Int(encoder.count))) ?? [] }.map(\.timeMilliseconds)
        let metric = fleet.profiles[profile].layout[slot]
        out.effects.append(
            .history(
                HistoryChunk(
                    device: fleet.records[device].id, metric: metric.name, unit: metric.unit,
                    firstMilliseconds: times.min() ?? encoder.firstMilliseconds,
                    lastMilliseconds: times.max() ?? encoder.lastMilliseconds, count: encoder.count, bytes: bytes)))
    }

    /// A retained message tells what was when the gateway was not listening: it fills gaps and moves nothing.
    private mutating func applyRetained(_ message: DecodedMessage, _ device: DeviceIndex) {
        out.counters.retained &+= 1
        for reading in message.readings where !reading.isUnknown {
            let place = fleet.takePlace(device, reading.slot)
            guard !fleet.metrics[place].isTold else { continue }
            fleet.metrics[place].value = reading.value
            fleet.metrics[place].isUnknown = false
            fleet.metrics[place].timeMilliseconds = MetricState.retained
        }
    }

    private mutating func fieldProblem(_ message: DecodedMessage, _ device: DeviceIndex, _ profile: ProfileIndex) {
        out.counters.fieldProblems &+= Int64(message.fieldProblems)
        let last = fleet.devices[device].fieldProblemMilliseconds
        let isDue = last == .min || now - last >= 3_600_000 || replayedArrivalMilliseconds != nil
        guard isDue, let problem = message.fieldProblem else { return }
        fleet.devices[device].fieldProblemMilliseconds = now
        let more = message.fieldProblems > 1 ? " (and \(message.fieldProblems - 1) more)" : ""
        reject(
            fleet.profiles[profile].layout.profile.name, "\(problem)\(more); the rest of the message was taken. Told once an hour a device")
    }
}

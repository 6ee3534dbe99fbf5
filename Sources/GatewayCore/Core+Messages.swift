import FaultDetection
import Hashing
import SampleCodec
import ServiceValue
import Telemetry

/// The hot path: a message that changes nothing is found, decoded and noted, and nothing is allocated.
extension StewardCore {
    mutating func message(_ frame: Segment.Frame, number: Int64, _ effects: inout [Effect]) {
        counters.messages &+= 1
        let hash = ContentHash.combine(ContentHash.combine(ContentHash.seed, frame.topic), frame.payload)
        if frame.isDuplicate || repeats.isWaiting {
            if isHeldBack(frame, hash: hash, number: number) { return }
        } else {
            repeats.note(hash, id: frame.packetID, atMilliseconds: now)
        }
        read(frame, number, &effects)
    }

    /// A message that is to be taken, whichever way it came.
    mutating func read(_ frame: Segment.Frame, _ number: Int64, _ effects: inout [Effect]) {
        find(frame, number, &effects)
        if !trouble.isEmpty { tellTrouble(frame, number, &effects) }
    }

    @inline(__always)
    private mutating func find(_ frame: Segment.Frame, _ number: Int64, _ effects: inout [Effect]) {
        if !quarantined.isEmpty, quarantined.contains(number) {
            return reject(nil, "the program died on this message again and again; it is set aside")
        }
        // An empty retained message takes a retained one back; it says nothing about the device.
        if frame.payload.isEmpty, frame.isRetained {
            counters.retained &+= 1
            return
        }
        let place = fleet.topics.hash(frame.topic)
        guard let route = fleet.topics.find(frame.topic, hash: place) ?? resolve(frame, hash: place, number, &effects) else { return }
        take(route, frame, number, &effects)
        var next = Int(route.next)
        while next >= 0 {
            take(fleet.topics.further[next], frame, number, &effects)
            next = Int(fleet.topics.further[next].next)
        }
    }

    @inline(__always)
    private mutating func take(_ route: TopicTable.Route, _ frame: Segment.Frame, _ number: Int64, _ effects: inout [Effect]) {
        let device = route.device
        let profile = route.profile
        do {
            if route.message >= 0, fleet.profiles[profile].layout.isPlainMessage[Int(route.message)] {
                try decoder.decode(
                    frame.payload, message: Int(route.message), root: route.root, layout: &fleet.profiles[profile].layout, into: &decoded)
                if !fleet.profiles[profile].layout.growth.isNothing, followGrowth(device, profile) {
                    return try takeAgain(device, route, frame, &effects)
                }
                apply(device, profile, frame, &effects)
            } else if route.message >= 0 {
                try parts(route, frame, number, &effects)
            }
            if route.reply >= 0, !openRuns.isEmpty { try reply(route, frame, &effects) }
        } catch {
            reject(fleet.profiles[profile].layout.profile.name, error.description)
        }
    }

    /// With the layout that the device has of its own now.
    private mutating func takeAgain(_ device: DeviceIndex, _ route: TopicTable.Route, _ frame: Segment.Frame, _ effects: inout [Effect])
        throws(DecodeError)
    {
        let profile = fleet.devices[device].profile
        guard let root = root(profile, message: Int(route.message), topic: frame.topic) else { return }
        try decoder.decode(frame.payload, message: Int(route.message), root: root, layout: &fleet.profiles[profile].layout, into: &decoded)
        _ = followGrowth(device, profile)
        apply(device, profile, frame, &effects)
    }

    private mutating func reply(_ route: TopicTable.Route, _ frame: Segment.Frame, _ effects: inout [Effect]) throws(DecodeError) {
        let rule = fleet.profiles[route.profile].layout.profile.replies[Int(route.reply)]
        let topicID = rule.hasTopicOfItsOwn ? rule.topic.captured(frame.topic).first { $0.name == "requestId" }?.value : nil
        let reply =
            route.message >= 0 ? decoder.reply(rule, topicID: topicID) : try decoder.readReply(frame.payload, rule, topicID: topicID)
        guard let reply else { return }
        if let name = decoder.device(of: rule) {
            guard let device = fleet.device(named: name), fleet.base(of: device) == fleet.profiles[route.profile].base else { return }
            answered(device, reply, &effects)
        } else if !route.device.isNone {
            answered(route.device, reply, &effects)
        }
    }

    /// Notes that the message, or a part of it, cannot be used. What is noted becomes one dead letter when the message is done.
    mutating func reject(_ profile: String?, _ reason: String) { trouble.note(profile, reason) }

    /// One dead letter for everything that was noted: however many parts fail, the payload is copied once.
    mutating func tellTrouble(_ frame: Segment.Frame, _ number: Int64, _ effects: inout [Effect]) {
        let told = trouble
        trouble = MessageTrouble()
        counters.deadLetters &+= 1
        budgets.count(.partsFailed, told.count - 1)
        budgets.count(.partsDropped, told.droppedParts)
        effects.append(
            .deadLetter(
                DeadLetter(
                    event: number, arrivalMilliseconds: replayedArrivalMilliseconds ?? now, topic: Array(frame.topic),
                    payload: Array(frame.payload), reason: told.reason(parts: budget.parts(of: number)),
                    profile: told.profile, isRetained: frame.isRetained)))
    }

    /// Takes the readings that were just decoded.
    /// `isHistorical`: the device says that it tells of the past.
    mutating func apply(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ frame: Segment.Frame, isHistorical: Bool = false, _ effects: inout [Effect]
    ) {
        if decoded.fieldProblems > 0 { fieldProblem(device, profile) }
        fleet.devices[device].messages &+= 1
        counters.readings &+= Int64(decoded.readings.count)
        let time = eventTime(device)
        if frame.isRetained { return applyRetained(device) }
        if replayedArrivalMilliseconds == nil {
            fleet.devices[device].arrivalMilliseconds = now
            if fleet.devices[device].isSilent { spokeAgain(device, at: time, &effects) }
        }
        if time < fleet.devices[device].newestMilliseconds || isHistorical {
            // A late reading tells what was: history takes it, the present does not.
            counters.late &+= 1
            for reading in decoded.readings where !reading.isUnknown { keep(device, profile, reading, time, &effects) }
            return judgeLate(device, profile, time, &effects)
        }
        let allowed = fleet.profiles[profile].layout.profile.allowedLatenessMilliseconds
        if allowed > 0 { return takeInOrder(device, profile, time, allowed: allowed, &effects) }
        fleet.devices[device].newestMilliseconds = time
        takeAll(device, profile, time, &effects)
        for alerts in decoded.alerts where alerts.list < 4 && changes(device, profile, alerts) {
            fleet.devices[device].alertHashes[alerts.list] = alerts.hash
            let (scope, codes) = reportedCodes(profile, alerts, former: fleet.records[device].alertCodes)
            deviceAlerts(device, profile, list: alerts.list, scope: scope, reported: codes, time, &effects)
        }
        followUp(device, profile, time, &effects)
    }

    /// What the readings of a message may have set free.
    @inline(__always)
    mutating func followUp(_ device: DeviceIndex, _ profile: ProfileIndex, _ time: Int64, _ effects: inout [Effect]) {
        if !fleet.profiles[profile].derived.faults.silenceRules.isEmpty, replayedArrivalMilliseconds == nil {
            lookForMissing(device, profile, time, &effects)
        }
        watchMachine(device, profile, at: time, &effects)
        if fleet.devices[device].awaitsDispatch, isFresh(time) { dispatchWaiting(device, &effects) }
    }

    /// Where the pointer captures, a device has several lists, and one hash says nothing about them.
    @inline(__always)
    private func changes(_ device: DeviceIndex, _ profile: ProfileIndex, _ alerts: ReportedAlerts) -> Bool {
        if fleet.devices[device].alertHashes[alerts.list] != alerts.hash { return true }
        return fleet.profiles[profile].derived.isCapturedList[alerts.list]
            && (alerts.hash != ReportedAlerts.emptyHash || fleet.records[device].alertCodes.indices.contains(alerts.list))
    }

    /// The order of the members of a message means nothing, so the core has one of its own: the status first, because alarms belong
    /// to the incident that it opens; levels last, because the counter of the same message wears them.
    @inline(__always)
    mutating func takeAll(_ device: DeviceIndex, _ profile: ProfileIndex, _ time: Int64, _ effects: inout [Effect]) {
        let statusSlot = fleet.profiles[profile].derived.statusSlot
        var levels = 0
        for index in decoded.readings.indices where decoded.readings[index].slot == statusSlot {
            take(device, profile, decoded.readings[index], time, &effects)
        }
        if fleet.profiles[profile].derived.downSlot >= 0 { takeDown(device, profile, time, &effects) }
        for index in decoded.readings.indices
        where decoded.readings[index].slot != statusSlot && decoded.readings[index].slot != fleet.profiles[profile].derived.downSlot {
            if fleet.profiles[profile].layout.slots[Int(decoded.readings[index].slot)].supply >= 0 {
                levels += 1
            } else {
                take(device, profile, decoded.readings[index], time, &effects)
            }
        }
        guard levels > 0 else { return }
        for index in decoded.readings.indices {
            let supply = fleet.profiles[profile].layout.slots[Int(decoded.readings[index].slot)].supply
            guard supply >= 0 else { continue }
            take(device, profile, decoded.readings[index], time, &effects)
            said(device, profile, Int(supply), decoded.supply(decoded.readings[index]), time, &effects)
        }
    }

    /// After the status, so that a device that stays down is never idle for no time at all in between.
    private mutating func takeDown(_ device: DeviceIndex, _ profile: ProfileIndex, _ time: Int64, _ effects: inout [Effect]) {
        let slot = fleet.profiles[profile].derived.downSlot
        for index in decoded.readings.indices where decoded.readings[index].slot == slot {
            let former = fleet.value(device, slot).known
            take(device, profile, decoded.readings[index], time, &effects)
            if former != fleet.value(device, slot).known { status(device, profile, time, &effects) }
        }
    }

    @inline(__always)
    private mutating func take(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ reading: Reading, _ time: Int64, _ effects: inout [Effect]
    ) {
        let place = fleet.takePlace(device, reading.slot)
        let metric = fleet.metrics[place]
        let isRepeat = metric.timeMilliseconds == time && metric.value == reading.value && !metric.isUnknown
        // What was retained is no reading: the first live one is news even when it says the same.
        let former = metric.isLive ? metric.value : nil
        fleet.metrics[place].timeMilliseconds = time
        fleet.metrics[place].isUnknown = reading.isUnknown
        // An unknown is a state of its own: it moves no condition and leaves no sample.
        guard !reading.isUnknown else {
            if !fleet.profiles[profile].derived.faults.isUnwatched(reading.slot) { forget(device, profile, reading.slot) }
            return
        }
        fleet.metrics[place].value = reading.value
        if !isRepeat { keep(device, profile, reading, time, &effects) }
        if !fleet.profiles[profile].derived.faults.isUnwatched(reading.slot) { judge(device, profile, reading, time, &effects) }
        if fleet.profiles[profile].derived.isWatched[Int(reading.slot)] {
            if !isRepeat { watch(device, profile, reading, former: former, last: metric.timeMilliseconds, at: time, &effects) }
        } else if metric.watch != MetricWatch.none {
            unwatch(device, profile, reading.slot, at: time, &effects)
        }
        if fleet.profiles[profile].derived.statusSlot == reading.slot, former != reading.value { status(device, profile, time, &effects) }
    }

    @inline(__always)
    private mutating func keep(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ reading: Reading, _ time: Int64, _ effects: inout [Effect]
    ) {
        guard configuration.keepsHistory, fleet.profiles[profile].derived.isKept[Int(reading.slot)] else { return }
        counters.historySamples &+= 1
        let place = fleet.takePlace(device, reading.slot)
        if fleet.keep(reading.value, atMilliseconds: time, at: place) { return }
        // The full chunk goes out, and the next one begins with this reading.
        handOutChunk(device, profile, reading.slot, &effects)
        fleet.metrics[place].encoder = SampleEncoder()
        _ = fleet.keep(reading.value, atMilliseconds: time, at: place)
    }

    /// What the open chunk of a metric holds, for the history.
    func handOutChunk(_ device: DeviceIndex, _ profile: ProfileIndex, _ slot: Int32, _ effects: inout [Effect]) {
        let place = fleet.place(device, slot)
        guard place >= 0, fleet.metrics[place].encoder.count > 0 else { return }
        let encoder = fleet.metrics[place].encoder
        let bytes = Array(fleet.openChunk(at: place))
        // Late readings lie among the others, so neither end of the chunk need be its oldest or its newest.
        let times = bytes.withUnsafeBytes { (try? SampleChunk.decode($0, count: Int(encoder.count))) ?? [] }.map(\.timeMilliseconds)
        let metric = fleet.profiles[profile].layout.slots[Int(slot)]
        effects.append(
            .history(
                HistoryChunk(
                    device: fleet.records[device].id, metric: metric.name, unit: metric.unit,
                    firstMilliseconds: times.min() ?? encoder.firstMilliseconds,
                    lastMilliseconds: times.max() ?? encoder.lastMilliseconds, count: encoder.count, bytes: bytes)))
    }

    /// A retained message tells what was when the gateway was not listening: it fills gaps and moves nothing.
    private mutating func applyRetained(_ device: DeviceIndex) {
        counters.retained &+= 1
        for reading in decoded.readings where !reading.isUnknown {
            let place = fleet.takePlace(device, reading.slot)
            guard !fleet.metrics[place].isTold else { continue }
            fleet.metrics[place].value = reading.value
            fleet.metrics[place].isUnknown = false
            fleet.metrics[place].timeMilliseconds = MetricState.retained
        }
    }

    private mutating func fieldProblem(_ device: DeviceIndex, _ profile: ProfileIndex) {
        counters.fieldProblems &+= Int64(decoded.fieldProblems)
        let last = fleet.devices[device].fieldProblemMilliseconds
        let isDue = last == .min || now - last >= 3_600_000 || replayedArrivalMilliseconds != nil
        guard isDue, let problem = decoded.fieldProblem else { return }
        fleet.devices[device].fieldProblemMilliseconds = now
        let more = decoded.fieldProblems > 1 ? " (and \(decoded.fieldProblems - 1) more)" : ""
        reject(
            fleet.profiles[profile].layout.profile.name, "\(problem)\(more); the rest of the message was taken. Told once an hour a device")
    }

    /// The device's own time where it is believable, otherwise the arrival time, counted. `DeviceTime` says what is believable.
    @inline(__always)
    private mutating func eventTime(_ device: DeviceIndex) -> Int64 {
        let arrival = replayedArrivalMilliseconds ?? now
        guard decoded.stamp != nil else {
            if replayedArrivalMilliseconds == nil { fleet.devices[device].isDatedByArrival = true }
            return arrival
        }
        let newest = fleet.devices[device].newestMilliseconds
        let judged = DeviceTime.judge(
            stamp: decoded.stamp, unit: decoded.unit, zone: decoded.zone, previousMilliseconds: newest == .min ? nil : newest,
            arrivalMilliseconds: arrival)
        if judged.quality != .device { counters.clockProblems &+= 1 }
        if replayedArrivalMilliseconds == nil { fleet.devices[device].isDatedByArrival = !judged.quality.isDeviceTime }
        return judged.milliseconds
    }

    @inline(__always)
    func isFresh(_ time: Int64) -> Bool { now &- time <= configuration.dispatchWindowMilliseconds }
}

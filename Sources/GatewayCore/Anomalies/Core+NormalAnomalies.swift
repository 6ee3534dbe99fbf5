import Documents
import FaultDetection
import Telemetry

/// "This is normal": what a person says of a detector's warning. The detector learns it with the event itself, so that a replay learns it
/// at the same place, and keeps it in the snapshot.
extension StewardCore {
    /// Nil when a person may call what the warning tells normal; otherwise why not.
    public func problem(callingNormal alarm: String) -> String? {
        switch watchedSubject(of: alarm) {
        case .failure(let problem): return problem.text
        case .success(let subject):
            let newer = alarms.all.last { $0.device == subject.alarm.device && isSameWarning($0, subject.alarm) }
            guard let newer, newer.id != alarm else { return nil }
            return "the detector keeps how far its last warning went only, and that is \(newer.id)"
        }
    }

    /// Nil when somebody has called something normal that the detector of this warning would find; otherwise why there is nothing to take back.
    public func problem(callingUnusual alarm: String) -> String? {
        switch watchedSubject(of: alarm) {
        case .failure(let problem): problem.text
        case .success(let subject):
            anomalies.hasNormal(subject.detector) ? nil : "nobody has called normal what this detector found"
        }
    }

    mutating func callNormal(_ id: String, by person: String, reason: String?) {
        guard problem(callingNormal: id) == nil, case .success(let subject) = watchedSubject(of: id), anomalies.accept(subject.detector)
        else { return out.refuse() }
        decide(.anomalyNormal, subject.alarm, by: person, reason)
        let newest = fleet.devices[subject.device].newestMilliseconds
        alarms.calledNormal(subject.device, id, by: person, at: newest, fleet, &out)
    }

    mutating func callUnusual(_ id: String, by person: String, reason: String?) {
        guard case .success(let subject) = watchedSubject(of: id), anomalies.forgetNormal(subject.detector) else { return out.refuse() }
        decide(.anomalyUnusual, subject.alarm, by: person, reason)
        for alarm in alarms.all where alarm.device == subject.alarm.device && isSameWarning(alarm, subject.alarm) {
            alarms.calledUnusual(alarm.id)
        }
    }

    private mutating func decide(_ kind: Decision.Kind, _ alarm: Alarm, by person: String, _ reason: String?) {
        out.decide(kind, at: out.now, device: alarm.device) { writer in
            writer.member("alarm", alarm.id)
            writer.member("condition", alarm.condition)
            writer.member("by", person)
            writer.member("reason", reason)
        }
    }

    private func isSameWarning(_ one: Alarm, _ other: Alarm) -> Bool { one.source == .anomaly && one.condition == other.condition }

    /// A warning with the detector that raised it.
    private struct Subject {
        var alarm: Alarm
        var device: DeviceIndex
        var detector: AnomalyDesk.Detector
    }

    private struct Problem: Error { var text: String }

    private func watchedSubject(of id: String) -> Result<Subject, Problem> {
        guard let alarm = alarms[id] else { return .failure(Problem(text: "there is no such alarm")) }
        guard alarm.source == .anomaly else {
            return .failure(
                Problem(text: "only what a detector found unusual can be called normal; \(alarm.condition) is a rule's or the device's"))
        }
        guard let device = fleet.device(named: alarm.device) else { return .failure(Problem(text: "the device was taken out")) }
        guard let detector = detector(of: alarm.condition, device), anomalies.hasWarned(detector) else {
            return .failure(Problem(text: "its detector has begun anew since then"))
        }
        return .success(Subject(alarm: alarm, device: device, detector: detector))
    }

    private func detector(of condition: String, _ device: DeviceIndex) -> AnomalyDesk.Detector? {
        if condition == AnomalyDesk.machineCondition {
            let place = fleet.devices[device].machine
            return place >= 0 ? .machine(place) : nil
        }
        let slots = fleet.profiles[fleet.devices[device].profile].layout.slots
        guard let slot = slots.firstIndex(where: { AnomalyDesk.condition($0.name) == condition }),
            let place = fleet.metric(device, SlotIndex(slot))?.watch, place >= 0
        else { return nil }
        return .metric(place)
    }
}

/// What a person has called normal, in the detector that found it.
extension AnomalyDesk {
    /// A detector by its place.
    enum Detector {
        case metric(Int32)
        case machine(Int32)
    }

    func hasWarned(_ detector: Detector) -> Bool {
        switch detector {
        case .metric(let place): metrics[Int(place)].detector.hasWarned
        case .machine(let place): machines[Int(place)].detector.hasWarned
        }
    }

    func hasNormal(_ detector: Detector) -> Bool {
        switch detector {
        case .metric(let place): metrics[Int(place)].detector.normalExtent != nil
        case .machine(let place): machines[Int(place)].detector.hasNormal
        }
    }

    mutating func accept(_ detector: Detector) -> Bool {
        switch detector {
        case .metric(let place): metrics[Int(place)].detector.acceptLastEvent()
        case .machine(let place): machines[Int(place)].detector.acceptLastEvent()
        }
    }

    mutating func forgetNormal(_ detector: Detector) -> Bool {
        switch detector {
        case .metric(let place): metrics[Int(place)].detector.forgetNormal()
        case .machine(let place): machines[Int(place)].detector.forgetNormal()
        }
    }
}

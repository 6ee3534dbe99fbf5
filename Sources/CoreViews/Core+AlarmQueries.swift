import Documents
import FaultDetection
import GatewayCore
import Telemetry

/// Alarms as people and programs see them.
extension StewardCore {
    public func hasAlarm(_ id: String) -> Bool { alarms[id] != nil }
    /// Latched, and its condition does not hold any more.
    public func canReset(_ id: String) -> Bool { alarms.canReset(id) }

    /// The state of ISA-18.2: that it is shelved or suppressed goes before whether it was acknowledged.
    func shownState(_ alarm: Alarm) -> String {
        guard alarm.isActive else { return alarm.state.rawValue }
        if let device = fleet.device(named: alarm.device), alarms.shelf(device, alarm, at: now) != nil { return "shelved" }
        return alarm.suppressedBy == nil ? alarm.state.rawValue : "suppressed"
    }

    func count(_ alarm: Alarm, _ totals: inout Totals) {
        guard alarm.isActive else { return }
        totals.activeAlarms += 1
        if alarm.isFlapping { totals.flappingAlarms += 1 }
        switch shownState(alarm) {
        case "shelved": totals.shelvedAlarms += 1
        case "suppressed": totals.suppressedAlarms += 1
        case Alarm.State.unacknowledged.rawValue: totals.unacknowledgedAlarms += 1
        default: break
        }
    }

    func write(_ alarm: Alarm, _ writer: inout JSONWriter) {
        let index = fleet.device(named: alarm.device)
        writer.beginObject()
        writer.member("alarm", alarm.id)
        writer.member("device", alarm.device)
        writer.member("condition", alarm.condition)
        writer.member("severity", alarm.severity.rawValue)
        writer.member("text", alarm.text)
        writer.member("state", shownState(alarm))
        writer.member("active", alarm.isActive)
        writer.member("acknowledged", alarm.state == .acknowledged || alarm.state == .returnedToNormal)
        writer.member("onset", alarm.onsetMilliseconds)
        writer.member("cleared", alarm.clearedMilliseconds)
        writer.member("late", alarm.isLate)
        writer.member("acknowledgedBy", alarm.acknowledgedBy)
        writer.member("calledNormalBy", alarm.calledNormalBy)
        if let evidence = alarm.raisedBy.first {
            writer.member("metric", evidence.metric)
            writer.member("value", evidence.value)
        }
        write("raisedBy", alarm.raisedBy, &writer)
        write("clearedBy", alarm.clearedBy, &writer)
        if alarm.repeats > 0 { writer.member("repeats", alarm.repeats) }
        if alarm.isFlapping { writer.member("flapping", true) }
        if let normal = alarm.normalSinceMilliseconds {
            writer.member("normalSince", normal)
            if !alarm.isFlapping { writer.member("latched", true) }
        }
        writer.member("suppressedBy", alarm.suppressedBy)
        if let index, let shelf = alarms.shelf(index, alarm, at: now) {
            writer.key("shelf")
            writer.beginObject()
            writer.member("until", shelf.untilMilliseconds)
            writer.member("by", shelf.by)
            writer.member("reason", shelf.reason)
            writer.endObject()
        }
        if alarm.isActive, let index, let inhibition = inhibition(index, alarm) { writer.member("inhibitedBy", inhibition.name) }
        writer.endObject()
    }

    private func write(_ key: String, _ readings: [Alarm.Evidence], _ writer: inout JSONWriter) {
        writer.key(key)
        writer.beginArray()
        for reading in readings {
            writer.beginObject()
            writer.member("metric", reading.metric)
            if let text = reading.text { writer.member("value", text) } else { writer.member("value", reading.value) }
            writer.member("time", reading.timeMilliseconds)
            writer.endObject()
        }
        writer.endArray()
    }
}

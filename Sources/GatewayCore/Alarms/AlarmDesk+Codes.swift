import FaultDetection
import Telemetry

/// Codes that the device reports itself: what is new begins, what is gone ends.
extension AlarmDesk {
    mutating func take(_ report: CodeReport, _ device: DeviceIndex, at time: Int64, _ out: inout StepOutput) {
        let all = codes(of: device, list: report.list)
        remember(report, former: all, device)
        for code in all where report.ends(code) {
            out.tell(.conditionEnded(device, condition: code, source: .deviceAlert, at: time))
        }
        for alert in report.codes where !all.contains(alert.code) {
            out.tell(.conditionBegan(device, AlarmCause(alert, at: time), at: time))
        }
    }

    private mutating func remember(_ report: CodeReport, former: [String], _ device: DeviceIndex) {
        update(device) { state in
            while state.codes.count <= report.list { state.codes.append([]) }
            state.codes[report.list] = Self.merged(report, into: former)
        }
    }

    /// The codes that stand after a report.
    static func merged(_ report: CodeReport, into former: [String]) -> [String] {
        let others = former.filter { code in !report.ends(code) && !report.codes.contains { $0.code == code } }
        return others + report.codes.map(\.code).prefix(max(maximumReportedCodes - others.count, 0))
    }

    /// The profile has fewer lists than before.
    mutating func keepLists(_ count: Int, of device: DeviceIndex) {
        if state(of: device).codes.count > count { update(device) { $0.codes.removeLast($0.codes.count - count) } }
    }
}

import Telemetry

/// Lead times that the topic tells: `site/{lead}/{device}/status`.
extension StewardCore {
    /// Asked once for each topic, when it is met first.
    mutating func learnLeadTime(_ device: Int, _ candidate: Candidate, _ frame: Segment.Frame) {
        guard let message = candidate.message else { return }
        let profile = layouts[candidate.profile].profile
        guard let name = profile.supplies.lazy.compactMap(\.leadTimeCapture).first else { return }
        let captured = profile.messages[message].topic.captured(frame.topic).first { $0.name == name }?.value
        guard let digits = captured?.drop(while: { !$0.isNumber }).prefix(while: { $0.isNumber || $0 == "." }) else { return }
        guard let days = Double(digits), (0...365).contains(days) else { return }
        records[device].topicLeadDays = days
    }
}

/// Why the machine as a whole is unusual: the gauges that are furthest from where they were, the furthest first.
public struct MachineReason: Equatable, Sendable {
    public struct Part: Equatable, Sendable {
        /// Its place among the channels.
        public var channel: Int
        /// In the gauge's unit; positive is above.
        public var deviation: Double
        public var usual: Double
        /// Multiple of its usual deviation.
        public var times: Double
    }

    public var parts: [Part]

    /// Such as "flow is 12.4 l/min below its usual 127 l/min (110 times as far as it usually wanders), current is …".
    ///
    /// `name` gives a channel's name and the text of its unit, with its blank if it has one.
    public func text(name: (Int) -> (metric: String, unit: String)) -> String {
        parts.map { part in
            let (metric, unit) = name(part.channel)
            let side = part.deviation < 0 ? "below" : "above"
            return "\(metric) is \(AnomalyReason.number(abs(part.deviation)))\(unit) \(side) its usual "
                + "\(AnomalyReason.number(part.usual))\(unit) (\(AnomalyReason.number(part.times)) times as far as it usually wanders)"
        }.joined(separator: ", ")
    }
}

extension MachineDetector {
    /// At most three gauges that are further off than half the limit. Empty before the usual is known.
    public var reason: MachineReason {
        let parts = channels.indices.map { index in
            let channel = channels[index]
            return MachineReason.Part(
                channel: index, deviation: channel.smooth - channel.usual, usual: channel.origin + channel.usual,
                times: abs(channel.deviation))
        }
        let far = parts.filter { $0.times > Self.limit / 2 }
        return MachineReason(parts: Array(far.sorted { $0.times == $1.times ? $0.channel < $1.channel : $0.times > $1.times }.prefix(3)))
    }
}

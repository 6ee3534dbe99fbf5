import Documents
import Telemetry

extension JSONWriter {
    /// `percent` with `resolutionPercent`, or `lowPercent` and `highPercent`, or `noLimit`, or `unknown` with its name; and words for all
    /// but the first.
    mutating func members(of level: SupplyLevel) {
        switch level {
        case .percent(let percent, let resolution):
            member("percent", percent)
            member("resolutionPercent", resolution)
        case .interval(let low, let high):
            member("lowPercent", low)
            member("highPercent", high)
        case .noLimit: member("noLimit", true)
        case .unknown(let reason): member("unknown", reason.rawValue)
        }
        member("reason", level.reason)
    }
}

import Telemetry

@testable import ConsumableForecast

/// A model with priors of its own, fed with plain numbers: a negative one is what RFC 3805 means by it.
extension SupplyModel {
    mutating func observe(timeMilliseconds: Int64, levelPercent: Double?, counter: Double?, serial: UInt64? = nil) -> SupplyChange {
        var fleet = FleetPriors()
        let level: SupplyLevel =
            switch levelPercent {
            case nil: .unknown(.absent)
            case -1: .noLimit
            case -3: .interval(low: 0, high: 100)
            case .some(let value) where value.isFinite && value >= 0: .percent(value, resolution: 0.1)
            default: .unknown(.unlistedCode)
            }
        return observe(timeMilliseconds: timeMilliseconds, level: level, counter: counter, serial: serial, fleet: &fleet)
    }

    func forecast(at milliseconds: Int64) -> SupplyForecast { forecast(atMilliseconds: milliseconds, fleet: FleetPriors()) }
}

import ConsumableForecast
import Replenishment

/// What all devices of one profile taught: for their forecasts, and for the price at which orders wait.
struct SupplyLearning: Equatable, Sendable, Codable {
    var priors = FleetPriors()
    var price = LatenessPrice()
}

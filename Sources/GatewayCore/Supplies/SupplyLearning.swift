import ConsumableForecast
import Replenishment

/// What all devices of one profile taught: for their forecasts, and for the price at which orders wait.
package struct SupplyLearning: Equatable, Sendable, Codable {
    package internal(set) var priors = FleetPriors()
    package internal(set) var price = LatenessPrice()
}

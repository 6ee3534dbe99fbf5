import ConsumableForecast
import Replenishment
import Telemetry

/// One profile made ready: its layout, what is computed from it, and what its devices taught.
struct ProfileSlot: Sendable {
    var layout: ProfileLayout
    private(set) var derived: LayoutDerived
    /// The slot of the profile that meets new devices: itself, unless this one belongs to one device (`namesPerDevice`, `Core+OwnLayout`).
    var base: ProfileIndex
    /// What the devices of the profile taught. Of use in the base only.
    var learned = SupplyLearning()

    init(_ layout: ProfileLayout, base: ProfileIndex) {
        self.layout = layout
        self.base = base
        derived = LayoutDerived(layout)
    }

    var rules: DeviceProfile { layout.profile }

    /// Computes anew what depends on the names, when the layout has learned some.
    mutating func followLayout() {
        if layout.revision != derived.revision { derived = LayoutDerived(layout) }
    }
}

/// What all devices of one profile taught: for their forecasts, and for the price at which orders wait.
struct SupplyLearning: Equatable, Sendable, Codable {
    var priors = FleetPriors()
    var price = LatenessPrice()
}

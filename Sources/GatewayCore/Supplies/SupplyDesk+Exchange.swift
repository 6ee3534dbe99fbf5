import ConsumableForecast
import Telemetry

/// Two cartridges of one device that change their slots are no new ones: each takes its order along.
extension SupplyDesk {
    /// Called when another cartridge was found in a slot. True when it came from another slot of the device.
    mutating func hasChangedPlaces(_ device: DeviceIndex, _ supply: SupplyIndex, _ fleet: FleetState) -> Bool {
        guard let here = state(device, supply) else { return false }
        let item = item(device, supply, fleet)
        for place in supplies(of: device).indices where SupplyIndex(place) != supply {
            let other = SupplyIndex(place)
            guard let there = state(device, other),
                here.model.hasChangedPlaces(with: there.model, reportedThere: there.reported?.percent),
                item == self.item(device, other, fleet)
            else { continue }
            changePlaces(device, supply, other)
            return true
        }
        return false
    }

    private mutating func changePlaces(_ device: DeviceIndex, _ supply: SupplyIndex, _ other: SupplyIndex) {
        guard var here = state(device, supply), var there = state(device, other) else { return }
        here.model.changePlaces(with: &there.model)
        swap(&here.order, &there.order)
        swap(&here.orderedMilliseconds, &there.orderedMilliseconds)
        swap(&here.orderRisk, &there.orderRisk)
        swap(&here.installedMilliseconds, &there.installedMilliseconds)
        swap(&here.thresholdMilliseconds, &there.thresholdMilliseconds)
        for (place, changed) in [(supply, here), (other, there)] {
            update(device, place) {
                $0 = changed
                $0.doubt = nil
                $0.evaluatedMilliseconds = .min
            }
        }
    }
}
